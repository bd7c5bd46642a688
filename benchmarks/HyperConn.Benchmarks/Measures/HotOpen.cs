using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Opening and closing on a live pool: through the manager, bare, and with and without a budget.</summary>
internal sealed class HotOpen : Measure
{
    private const int Repetitions = 1_000;

    public override string Name => "hot-open";

    public override int DefaultRounds => 3_000;

    public override bool WantsFreshProcesses => true;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(50, maxConnections: 100);
        var key = tenants.Keys[25];
        await using var limited = await Manager.StartAsync(tenants.Store(), o => o.Servers.MaxConnections = 80);
        await using var unlimited = await Manager.StartAsync(tenants.Store(), o => o.Servers.MaxConnections = ServerOptions.Unlimited);
        await using var bare = NpgsqlDataSource.Create(tenants.SettingsOf(key, 10));
        foreach (var tenant in tenants.Keys)
        {
            await limited.Pools.GetDataSourceAsync(tenant);
            await unlimited.Pools.GetDataSourceAsync(tenant);
        }

        await OpenBareAsync(bare, 1);
        var hot = await Comparison.RunNanosecondsAsync(rounds, Repetitions, n => OpenBareAsync(bare, n), n => OpenAsync(limited.Pools, key, n));
        yield return RatioRow("hot open+close through ITenantPools", "bare NpgsqlDataSource", hot, Units.Nanoseconds, 1.08);

        var rivalBytes = await AllocatedAsync(n => OpenBareAsync(bare, n));
        var ourBytes = await AllocatedAsync(n => OpenAsync(limited.Pools, key, n));
        yield return new Row(
            "hot open+close, allocated per operation", "bare NpgsqlDataSource", Units.Bytes(rivalBytes), Units.Bytes(ourBytes), null, "",
            "0 B more", ourBytes <= rivalBytes);

        var budget = await Comparison.RunNanosecondsAsync(
            rounds, Repetitions, n => OpenAsync(unlimited.Pools, key, n), n => OpenAsync(limited.Pools, key, n));
        yield return RatioRow("hot open+close with a budget", "without one", budget, Units.Nanoseconds, 1.02);
    }

    private static async Task OpenBareAsync(NpgsqlDataSource source, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await using var connection = await source.OpenConnectionAsync();
        }
    }

    internal static async Task OpenAsync(ITenantPools pools, TenantKey tenant, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await using var connection = await pools.OpenConnectionAsync(tenant);
        }
    }

    internal static async Task<double> AllocatedAsync(Func<int, Task> work)
    {
        // Whole loops complete on this thread: nothing in them waits. The loop's own task is spread over so many that it rounds to nothing.
        const int many = 100_000;
        await work(many);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await work(many);
        return Math.Round((GC.GetAllocatedBytesForCurrentThread() - before) / (double)many, 2);
    }
}
