using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>What a tenant costs that has a pool and has never opened a connection.</summary>
internal sealed class IdleMemory : Measure
{
    private const int Count = 1_000;

    public override string Name => "idle-memory";

    public override int DefaultRounds => 5;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        var keys = OfflineTenants.Keys(Count);
        var comparison = await Comparison.RunAsync(rounds, RivalAsync, OursAsync);
        yield return RatioRow("memory per idle live tenant, unopened", "bare NpgsqlDataSource", comparison, Units.Bytes, 2.0);

        async Task<double> RivalAsync()
        {
            var settings = OfflineTenants.Settings(keys);
            var before = ManagedMemory.Live();
            var sources = keys.Select(key => NpgsqlDataSource.Create(settings[(key.Service, key.Org)].ConnectionString)).ToArray();
            var after = ManagedMemory.Live();
            foreach (var source in sources)
                await source.DisposeAsync();
            GC.KeepAlive(settings);
            return (after - before) / (double)Count;
        }

        async Task<double> OursAsync()
        {
            await using var manager = await Manager.StartAsync(OfflineTenants.Store(keys));
            await manager.Pools.GetDataSourceAsync(keys[0]);
            var before = ManagedMemory.Live();
            await manager.Pools.PreloadAsync(keys);
            var after = ManagedMemory.Live();
            return (after - before) / (double)(Count - 1);
        }
    }
}
