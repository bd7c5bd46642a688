using System.Diagnostics;
using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Work;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Rounds;

/// <summary>Nobody works: what the manager holds is looked at, all rows are read, every pool is drained, and what the process holds is measured.</summary>
internal sealed class Calm(ChaosWorld world, Crew crew, BudgetWatch watch, Journal journal)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Pauses the workers, looks, and lets them go on.</summary>
    public async Task PassAsync()
    {
        var stuck = await crew.PauseAsync();
        if (stuck.Count > 0)
            journal.Recovery.Judge(new RecoveryFact(["a pause"], Limits.Work, Limits.Work, stuck));
        journal.Rest.Judge(await SettleAsync(RestAsync, IsQuiet));
        var tenants = world.Tenants.All;
        journal.Writes.Judge(await RowReader.TakeAsync(world.Servers, tenants), [.. tenants.Select(tenant => tenant.Name)]);
        foreach (var gone in world.Tenants.TakeGone())
            journal.Writes.Forget(gone.Name);
        await world.Hosts.Current.Operator.ExecuteAsync(new DrainTenants(OperatorTarget.Everything, "chaos", "calm"));
        world.Secrets.Tidy();
        journal.Baseline.Judge(await SettleAsync(MeasureAsync, journal.Baseline.IsBack));
        crew.Resume();
    }

    private static async Task<T> SettleAsync<T>(Func<Task<T>> look, Func<T, bool> isQuiet)
    {
        var began = RunClock.Now;
        while (true)
        {
            var seen = await look();
            if (isQuiet(seen) || RunClock.Now - began > Patience)
                return seen;
            await Task.Delay(50);
        }
    }

    private static bool IsQuiet(RestFact rest) =>
        rest is { Leases: 0, Waiting: 0, Opening: 0 } && rest.Permits.All(permits => permits.Sessions <= permits.Granted && permits.Granted <= permits.Limit);

    private Task<RestFact> RestAsync()
    {
        var runtime = world.Hosts.Current.Runtime;
        var servers = runtime.Servers.Values;
        return Task.FromResult(new RestFact(
            runtime.Generations.LeasesOpen,
            servers.Sum(server => server.Waiting),
            servers.Sum(server => server.OpenSlots.Taken),
            [.. servers.Select(server => new RestingPermits(
                server.Name, server.Granted, watch.Sessions.GetValueOrDefault(server.Endpoint), world.Budgets.Of(server.Endpoint)))]));
    }

    private async Task<Resources> MeasureAsync()
    {
        var runtime = world.Hosts.Current.Runtime;
        var statistics = await world.Hosts.Current.Pools.GetStatisticsAsync();

        // It keeps a reader for each tenant, user and statement, which is neither the manager's nor growth without end.
        Dapper.SqlMapper.PurgeQueryCache();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return new Resources(
            statistics.Pools,
            runtime.Servers.Values.Sum(server => server.Granted),
            watch.Sessions.Values.Sum(),
            Timer.ActiveCount,
            process.Threads.Count - ThreadPool.ThreadCount,
            Directory.GetFileSystemEntries("/proc/self/fd").Length,
            GC.GetTotalMemory(forceFullCollection: false));
    }
}
