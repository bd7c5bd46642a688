using HyperConn.Benchmarks.Rivals;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Finding a live tenant's data source.</summary>
internal sealed class HotLookup : Measure
{
    private const int Repetitions = 10_000;
    private const double MostNanoseconds = 60;

    public override string Name => "hot-lookup";

    public override int DefaultRounds => 1_500;

    public override bool WantsFreshProcesses => true;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        var keys = Enumerable.Range(0, 200).Select(i => TenantKey.Create("core", $"tenant{i:0000}")).ToArray();
        await using var manager = await Manager.StartAsync(OfflineTenants.Store(keys));
        await using var rival = new TenantDictionary(OfflineTenants.Settings(keys));
        foreach (var key in keys)
        {
            await manager.Pools.GetDataSourceAsync(key);
            rival.Get(key.Service, key.Org);
        }

        var comparison = await Comparison.RunNanosecondsAsync(
            rounds, Repetitions, n => LookUp(rival, keys, n), n => LookUpAsync(manager.Pools, keys, n));
        yield return RatioRow(
            "hot GetDataSourceAsync", "ConcurrentDictionary<(string, string), Lazy<NpgsqlDataSource>>", comparison, Units.Nanoseconds, 2.0) with
        {
            Bound = "≤ 2×, ≤ 60 ns",
            Holds = comparison.Ratio <= 2 && comparison.Ours <= MostNanoseconds,
        };

        var bytes = await HotOpen.AllocatedAsync(n => LookUpAsync(manager.Pools, keys, n));
        yield return new Row("hot GetDataSourceAsync, allocated per operation", "", "", Units.Bytes(bytes), null, "", "0 B", bytes == 0);
    }

    private static Task LookUp(TenantDictionary rival, TenantKey[] keys, int count)
    {
        var k = 0;
        for (var i = 0; i < count; i++)
        {
            var key = keys[k];
            if (rival.Get(key.Service, key.Org) is null)
                throw new InvalidOperationException();
            if (++k == keys.Length)
                k = 0;
        }

        return Task.CompletedTask;
    }

    private static async Task LookUpAsync(ITenantPools pools, TenantKey[] keys, int count)
    {
        var k = 0;
        for (var i = 0; i < count; i++)
        {
            if (await pools.GetDataSourceAsync(keys[k]) is null)
                throw new InvalidOperationException();
            if (++k == keys.Length)
                k = 0;
        }
    }
}
