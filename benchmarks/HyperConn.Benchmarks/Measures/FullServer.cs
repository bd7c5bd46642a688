using System.Diagnostics;
using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>2,000 callers at once over 200 tenants on a server that has 100 slots, against the order in which it is least work.</summary>
internal sealed class FullServer : Measure
{
    private const int Callers = 2_000;
    private const int Count = 200;

    // Three slots are the superuser's, and the benchmark itself looks in now and then.
    private const int Budget = 94;

    public override string Name => "full-server";

    public override int DefaultRounds => 7;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, maxConnections: 100);
        var parallel = await BestParallelAsync(tenants, say);
        var errors = 0;
        var comparison = await Comparison.RunAsync(rounds, () => GroupedAsync(tenants, parallel), OursAsync);
        yield return RatioRow(
            "2,000 concurrent select 1 over 200 tenants, max_connections = 100",
            $"bare Npgsql grouped by tenant, {parallel} at a time",
            comparison,
            Units.Milliseconds,
            1.25,
            "≤ 1.25×, 0 errors") with
        {
            Holds = comparison.Ratio <= 1.25 && errors == 0,
        };
        yield return new Row("errors in these rounds", "", "", $"{errors}", null, $"{rounds + 1} rounds", "0", errors == 0);

        async Task<double> OursAsync()
        {
            await using var manager = await Manager.StartAsync(tenants.Store(), o => o.Servers.MaxConnections = Budget);
            var outcome = await Storm.RunAsync(Callers, tenants.Keys, tenant => manager.Pools.OpenConnectionAsync(tenant));
            errors += outcome.Errors;
            await manager.DisposeAsync();
            await tenants.QuietAsync();
            return outcome.Milliseconds;
        }
    }

    /// <summary>The rival may work on as many tenants at once as suits it best within the budget.</summary>
    private static async Task<int> BestParallelAsync(Tenants tenants, Action<string> say)
    {
        var best = (Parallel: 0, Milliseconds: double.MaxValue);
        await GroupedAsync(tenants, 8);
        foreach (var parallel in new[] { 4, 8, 16, 32, Budget })
        {
            var milliseconds = Math.Min(await GroupedAsync(tenants, parallel), await GroupedAsync(tenants, parallel));
            say($"grouped, {parallel} at a time: {Units.Milliseconds(milliseconds)}");
            if (milliseconds < best.Milliseconds)
                best = (parallel, milliseconds);
        }

        return best.Parallel;
    }

    private static async Task<double> GroupedAsync(Tenants tenants, int parallel)
    {
        var began = Stopwatch.GetTimestamp();
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallel };
        await Parallel.ForEachAsync(tenants.Keys, options, async (tenant, _) =>
        {
            await using var source = NpgsqlDataSource.Create(tenants.Settings[(tenant.Service, tenant.Org)]);
            await using var connection = await source.OpenConnectionAsync(CancellationToken.None);
            for (var i = 0; i < Callers / Count; i++)
                await Storm.SelectOneAsync(connection);
        });
        var elapsed = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        await tenants.QuietAsync();
        return elapsed;
    }
}
