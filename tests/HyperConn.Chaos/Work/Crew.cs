using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Work;

/// <summary>The workers: each has one flavour and works at one site, for one tenant after the other, until it is paused or stopped.</summary>
internal sealed class Crew : IAsyncDisposable
{
    private static readonly TimeSpan Think = TimeSpan.FromMilliseconds(200);

    private readonly IFlavour[] _flavours = [new PlainFlavour(), new DapperFlavour(), new EntityFlavour(), new BlockingFlavour(), new ActorFlavour()];
    private readonly CancellationTokenSource _stop = new();
    private readonly HostKeeper _hosts;
    private readonly TenantBook _tenants;
    private readonly IJournal _journal;
    private readonly WorkerState[] _states;
    private readonly Task[] _workers;
    private volatile TaskCompletionSource? _paused = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes the workers, paused.</summary>
    /// <param name="workers">How many.</param>
    /// <param name="seed">Of which tenants they pick.</param>
    /// <param name="hosts">What they work with.</param>
    /// <param name="tenants">Whom they work for.</param>
    /// <param name="journal">Who is told.</param>
    public Crew(int workers, int seed, HostKeeper hosts, TenantBook tenants, IJournal journal)
    {
        (_hosts, _tenants, _journal) = (hosts, tenants, journal);
        var sites = Enum.GetValues<Site>();
        _states = [.. Enumerable.Range(0, workers).Select(i => new WorkerState(_flavours[i % _flavours.Length], sites[i % sites.Length], new Random(seed + i)))];
        _workers = [.. _states.Select(state => Task.Run(() => WorkAsync(state)))];
    }

    /// <summary>Each combination of flavour and site there is a worker for.</summary>
    public IReadOnlyList<(string Flavour, Site Site)> Kinds => [.. _states.Select(state => (state.Flavour.Name, state.Site)).Distinct()];

    public void Resume()
    {
        if (Interlocked.Exchange(ref _paused, null) is { } paused)
            paused.SetResult();
    }

    /// <summary>Lets everybody end what is under way, and begin nothing.</summary>
    /// <returns>Who has not ended it within the longest time it may take.</returns>
    public async Task<IReadOnlyList<string>> PauseAsync()
    {
        _paused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var began = RunClock.Now;
        while (_states.Any(state => state.Job is not null) && RunClock.Now - began < Limits.Work)
            await Task.Delay(10);
        return [.. _states.Select(state => (state, state.Job)).Where(busy => busy.Job is not null)
            .Select(busy => $"{busy.state.Flavour.Name} for {busy.Job!.Tenant.Name} since {(RunClock.Now - busy.state.Since).TotalSeconds:0} s")];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Resume();
        await Task.WhenAll(_workers).WaitAsync(Limits.Work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var flavour in _flavours.OfType<IAsyncDisposable>())
            await flavour.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WorkAsync(WorkerState state)
    {
        while (!_stop.IsCancellationRequested)
        {
            if (_paused is { } paused)
            {
                await paused.Task;
                continue;
            }

            await OneAsync(state);
            await Task.Delay(Think * (0.2 + (1.6 * state.Random.NextDouble())), _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task OneAsync(WorkerState state)
    {
        var tenant = _tenants.Pick(state.Site, state.Random);
        var began = state.Since = RunClock.Now;
        var job = new Job(_hosts.Current, tenant, _journal.BeginWrite(tenant.Name), _journal);
        state.Job = job;
        try
        {
            // Who was about to begin when the pause came, does not.
            if (_paused is not null)
                return;
            await state.Flavour.DoAsync(job);
            _journal.Succeeded(state.Site, tenant.Key, state.Flavour.Name, began);
        }
        catch (Exception fault)
        {
            var known = fault is OperationCanceledException && job.Host.Stopped.IsCancellationRequested ? ErrorClass.HostStopped : ErrorClass.Of(fault);
            _journal.Failed(new ErrorFact(began, RunClock.Now, state.Site, tenant.Key, state.Flavour.Name, known, ErrorClass.Describe(fault)));
        }
        finally
        {
            state.Job = null;
        }
    }

    /// <summary>One worker.</summary>
    private sealed class WorkerState(IFlavour flavour, Site site, Random random)
    {
        private volatile Job? _job;

        public IFlavour Flavour { get; } = flavour;

        public Site Site { get; } = site;

        public Random Random { get; } = random;

        /// <summary>What is under way.</summary>
        public Job? Job { get => _job; set => _job = value; }

        public TimeSpan Since { get; set; }
    }
}
