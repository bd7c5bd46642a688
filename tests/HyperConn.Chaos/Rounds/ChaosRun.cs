using HyperConn.Chaos.Faults;
using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Work;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Rounds;

/// <summary>Round after round until the time is over.</summary>
internal sealed class ChaosRun
{
    private const int Workers = 64;
    private static readonly TimeSpan FairWeather = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Progress = TimeSpan.FromSeconds(5);

    private readonly ChaosOptions _options;
    private readonly Action<string> _say;
    private readonly List<RoundResult> _rounds = [];

    public ChaosRun(ChaosOptions options, Action<string> say)
    {
        (_options, _say) = (options, say);
        Log = new LibraryLog(Journal.Log.Judge);
        foreach (var oracle in Journal.Oracles)
            oracle.Made += finding => say(FormattableString.Invariant($"FINDING of {oracle.Name} at {finding.At.TotalSeconds:0.0}: {finding.What}"));
    }

    public Journal Journal { get; } = new();

    /// <summary>What the library logs.</summary>
    public LibraryLog Log { get; }

    public IReadOnlyList<RoundResult> Rounds => _rounds;

    /// <summary>When the first work began.</summary>
    public TimeSpan Began { get; private set; }

    /// <summary>Oracles that saw nothing, and so proved nothing.</summary>
    public IReadOnlyList<string> Blind => [.. Journal.Oracles.Where(oracle => oracle.Observations == 0).Select(oracle => oracle.Name)];

    /// <summary>Whether nothing was found, and every oracle saw something.</summary>
    public bool IsSound => Rounds.Count > 0 && Blind.Count == 0 && Journal.Oracles.All(oracle => oracle.Found == 0);

    /// <summary>Starts everything, runs the rounds, and ends everything.</summary>
    /// <exception cref="Xunit.SkipException">A part is not to be had here.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var faults = Catalogue.All.Where(fault => _options.Only.Count == 0 || _options.Only.Contains(fault.Name)).ToArray();
        var schedule = new Schedule(_options.Seed, faults);
        _say($"starting servers, and making {_options.Tenants} tenants");
        await using var world = await ChaosWorld.StartAsync(_options.Tenants, Log);
        world.Servers.Pooler.EndedByItself = PoolerEnded;
        await using var watch = new BudgetWatch(world.Servers, world.Budgets, Journal.Sample, Journal.Budget.Gap);
        await using var crew = new Crew(Workers, _options.Seed, world.Hosts, world.Tenants, Journal);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var telling = TellAsync(over.Token);
        var (storm, calm) = (new Storm(world, crew, Journal, _say), new Calm(world, crew, watch, Journal));
        Began = RunClock.Now;
        crew.Resume();

        // Everybody has worked once before it is said what rest looks like.
        while (Journal.NotSince(Began, crew.Kinds).Count > 0 && RunClock.Now - Began < Limits.Work)
            await Task.Delay(50, CancellationToken.None);
        await Task.Delay(FairWeather, CancellationToken.None);
        await calm.PassAsync();
        while (RunClock.Now - Began < _options.Duration && !stop.IsCancellationRequested)
        {
            await Task.Delay(FairWeather, CancellationToken.None);
            var round = schedule.Next();
            var took = await storm.PassAsync(round);
            _say(FormattableString.Invariant($"round {round.Number}: everything works again {took.TotalSeconds:0.0} s after the storm"));
            await calm.PassAsync();
            if (Journal.Baseline.Last is { } held)
            {
                _say(FormattableString.Invariant(
                    $"calm: {held.Timers} timers, {held.Threads} threads, {held.Handles} handles, {held.ManagedBytes / 1048576.0:0.0} MB of managed memory"));
            }

            _rounds.Add(new RoundResult(round.Number, [.. round.Faults.Select(planned => planned.Fault.Name)], took));
        }

        await over.CancelAsync();
        await telling;
    }

    /// <summary>Nobody planned it, but it is no fault of the manager's, whose work there suffers as from any other end of the pooler.</summary>
    private Action PoolerEnded(string lastWords)
    {
        _say($"the pooler ended by itself: {lastWords}");
        var window = new FaultWindow("pooler-ended", lastWords, RunClock.Now, PoolerKilled.AfterAnEnd, [PoolerKilled.AllowedByAnEnd]);
        Journal.Begin(window);
        return () => window.End(RunClock.Now);
    }

    private async Task TellAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Progress);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                _say(FormattableString.Invariant(
                    $"{Journal.Done:#,0} done, {Journal.Failures:#,0} failed, {Journal.Oracles.Sum(oracle => oracle.Found)} findings"));
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}

/// <summary>What became of a round.</summary>
internal sealed record RoundResult(int Number, IReadOnlyList<string> Faults, TimeSpan Recovery);
