using System.Globalization;
using HyperConn.Benchmarks.Rivals;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Measures;

/// <summary>The full server once more with one connection a pool and 50 pools, beside hyperconn-pg with the same settings.</summary>
internal sealed class OneConnectionEach : Measure
{
    private const int Callers = 2_000;
    private const int Count = 200;
    private const int MaxPools = 50;

    public override string Name => "one-each";

    public override int DefaultRounds => 3;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, maxConnections: 100);
        var (errors, most) = (0, 0);
        var times = new List<double>();
        var node = new List<HyperConnPg.Outcome>();
        for (var round = 0; round < rounds; round++)
        {
            await OursAsync();
            if (await HyperConnPg.RunAsync(tenants, Callers, MaxPools) is { } outcome)
                node.Add(outcome);
            await tenants.QuietAsync();
        }

        // Without Node here, what was measured elsewhere.
        var rival = node.Count > 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{node.Max(o => o.Failed)} errors, {node.Max(o => o.Pools)} pools, {Units.Milliseconds(Comparison.Quantile(node.Select(o => o.Milliseconds), 0.5))}")
            : "1,119 errors, 200 pools (quoted, not measured here)";
        yield return new Row(
            "the same, one connection a pool, 50 pools allowed",
            "hyperconn-pg 1.0.1 under Node",
            rival,
            string.Create(CultureInfo.InvariantCulture, $"{errors} errors, {most} pools at most (closing ones too), {Units.Milliseconds(Comparison.Quantile(times, 0.5))}"),
            null,
            string.Create(CultureInfo.InvariantCulture, $"{rounds} rounds"),
            "0 errors",
            errors == 0);

        async Task OursAsync()
        {
            await using var manager = await Manager.StartAsync(tenants.Store(), o =>
            {
                o.Connections.MaxPerTenant = 1;
                o.Pools.MaxPools = MaxPools;
                o.Pools.OnCapacity = CapacityPolicy.Wait;
            });
            using var watching = new CancellationTokenSource();
            var watch = WatchAsync(manager.Pools, watching.Token);
            var outcome = await Storm.RunAsync(Callers, tenants.Keys, tenant => manager.Pools.OpenConnectionAsync(tenant));
            await watching.CancelAsync();
            most = Math.Max(most, await watch);
            errors += outcome.Errors;
            times.Add(outcome.Milliseconds);
            await manager.DisposeAsync();
            await tenants.QuietAsync();
        }
    }

    private static async Task<int> WatchAsync(ITenantPools pools, CancellationToken cancellationToken)
    {
        var most = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            most = Math.Max(most, (await pools.GetStatisticsAsync(CancellationToken.None)).Pools);
            await Task.Delay(50, CancellationToken.None);
        }

        return most;
    }
}
