using HyperConn.Chaos.Faults;
using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Work;
using HyperConn.Chaos.World;
using Npgsql;

namespace HyperConn.Chaos.Rounds;

/// <summary>Lets the faults of a round happen, ends them, and waits until everything works again.</summary>
internal sealed class Storm(ChaosWorld world, Crew crew, Journal journal, Action<string> say)
{
    /// <summary>Runs a round's storm.</summary>
    /// <returns>How long it took from the end of the last fault until everything worked again.</returns>
    public async Task<TimeSpan> PassAsync(Round round)
    {
        var strikes = await Task.WhenAll(round.Faults.Select(StrikeAsync));
        var ended = RunClock.Now;
        var bound = round.Faults.Max(planned => planned.Fault.RecoveryBound);
        var missing = await RecoverAsync(ended, bound, [.. strikes.SelectMany(strike => strike.Touched).Distinct()]);
        var took = RunClock.Now - ended;
        journal.Recovery.Judge(new RecoveryFact([.. round.Faults.Select(planned => planned.Fault.Name)], took, bound, missing));
        return took;
    }

    private async Task<Strike> StrikeAsync(PlannedFault planned)
    {
        await Task.Delay(planned.Begins);
        var strike = planned.Fault.Plan(world, new Random(planned.Seed));
        var window = new FaultWindow(planned.Fault.Name, strike.What, RunClock.Now, planned.Fault.Aftermath, strike.Allowed);
        journal.Begin(window);
        say($"{planned.Fault.Name}: {strike.What}");
        await TryAsync(planned, "begin", strike.BeginAsync);
        await Task.Delay(planned.Lasts);
        await TryAsync(planned, "end", strike.EndAsync);
        window.End(RunClock.Now);
        return strike;
    }

    /// <summary>A fault that does not come about as planned proves nothing, and hides what others do: it is a finding, and the run goes on.</summary>
    private async Task TryAsync(PlannedFault planned, string what, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception failed)
        {
            journal.Recovery.NotAsPlanned(planned.Fault.Name, $"its {what} failed: {ErrorClass.Describe(failed)}");
        }
    }

    private async Task<IReadOnlyList<string>> RecoverAsync(TimeSpan ended, TimeSpan bound, IReadOnlyList<ChaosTenant> touched)
    {
        var probes = touched.Select(tenant => ProbeAsync(tenant, ended + bound)).ToArray();
        while (RunClock.Now - ended < bound && journal.NotSince(ended, crew.Kinds).Count > 0)
            await Task.Delay(20);
        var missing = await Task.WhenAll(probes);
        return [.. journal.NotSince(ended, crew.Kinds), .. missing.Where(fault => fault is not null).Select(fault => fault!)];
    }

    /// <summary>Has the tenant's secret fetched, and opens until that succeeds: as the user that stands in the secret now, and nobody else.</summary>
    private async Task<string?> ProbeAsync(ChaosTenant tenant, TimeSpan until)
    {
        while (true)
        {
            try
            {
                var pools = world.Hosts.Current.Pools;
                await pools.RefreshAsync(tenant.Key);
                await using var connection = await pools.OpenConnectionAsync(tenant.Key);
                await using var question = new NpgsqlCommand(Job.Question, connection);
                await using var reader = await question.ExecuteReaderAsync();
                await reader.ReadAsync();
                var found = new SessionIdentity(reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
                journal.Session(new SessionFact(tenant.Key, tenant.Identity, [tenant.Provisioned.Login.User], found));
                return null;
            }
            catch (Exception fault) when (fault is NpgsqlException or OperationCanceledException)
            {
                if (RunClock.Now > until)
                    return $"{tenant.Name}: {ErrorClass.Describe(fault)}";
                await Task.Delay(100);
            }
        }
    }
}
