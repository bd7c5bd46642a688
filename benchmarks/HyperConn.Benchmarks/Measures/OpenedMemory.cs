using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>What a tenant costs whose one connection is open and idle.</summary>
internal sealed class OpenedMemory : Measure
{
    private const int Count = 200;

    public override string Name => "opened-memory";

    public override int DefaultRounds => 5;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, Count + 20);
        var settings = tenants.SettingsWith(1);
        yield return RatioRow(
            "memory per tenant with one idle connection", "bare NpgsqlDataSource", await Comparison.RunAsync(rounds, RivalAsync, OursAsync), Units.Bytes, 0.6);

        double Said(double bytes)
        {
            say(Units.Bytes(bytes));
            return bytes;
        }

        async Task<double> RivalAsync()
        {
            var before = await ManagedMemory.SettledAsync();
            var sources = new List<NpgsqlDataSource>(Count);
            foreach (var tenant in tenants.Keys)
            {
                sources.Add(NpgsqlDataSource.Create(settings[(tenant.Service, tenant.Org)].ConnectionString));
                await using var connection = await sources[^1].OpenConnectionAsync();
                await Storm.SelectOneAsync(connection);
            }

            var after = ManagedMemory.Live();
            foreach (var source in sources)
                await source.DisposeAsync();
            await tenants.QuietAsync();
            return Said((after - before) / (double)Count);
        }

        async Task<double> OursAsync()
        {
            await using var manager = await Manager.StartAsync(tenants.Store(), o => o.Connections.MaxPerTenant = 1);

            // What the first tenant needs, the manager needs.
            await OpenAsync(tenants.Keys[0]);
            var before = await ManagedMemory.SettledAsync();
            foreach (var tenant in tenants.Keys.Skip(1))
                await OpenAsync(tenant);
            var after = ManagedMemory.Live();
            await manager.DisposeAsync();
            await tenants.QuietAsync();
            return Said((after - before) / (double)(Count - 1));

            async Task OpenAsync(TenantKey tenant)
            {
                await using var connection = await manager.Pools.OpenConnectionAsync(tenant);
                await Storm.SelectOneAsync(connection);
            }
        }
    }
}
