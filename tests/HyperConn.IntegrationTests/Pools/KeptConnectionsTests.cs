using HyperConn.Tests.Support;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class KeptConnectionsTests(RoomyServer server)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(2);

    // The moment of the last use is told by the wall clock, from the pool's, which goes by ticks; a use would come after the lifetime.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    [SkippableTheory]
    [InlineData(5)]
    [InlineData(2)]
    [InlineData(1)]
    public async Task Of_a_pool_that_goes_unused_connections_stay_as_many_as_are_to_be_kept(int used)
    {
        const int Keep = 2;
        await using var host = await StartAsync(Keep);
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => null);
        var tenant = server.Tenants[5].Key;
        await UseAsync(host, tenant, used);
        var kept = Math.Min(Keep, used);
        await UntilAsync(async () => await watch.CountAsync() == kept && host.Server.Granted == kept && host.Runtime.Generations.LeasesOpen == 0);

        // Past the lifetime after which Npgsql closes idle ones by itself, and more than once.
        await Task.Delay(3 * Lifetime);
        Assert.Equal((kept, kept), (await watch.CountAsync(), host.Server.Granted));
        var statistics = await host.Pools.GetStatisticsAsync();
        Assert.Equal((used, 0), (statistics.ColdAcquisitions, statistics.HotAcquisitions));
        var held = await Task.WhenAll(Enumerable.Range(0, kept).Select(_ => host.Pools.OpenConnectionAsync(tenant).AsTask()));
        Assert.Equal(used, (await host.Pools.GetStatisticsAsync()).ColdAcquisitions);
        foreach (var connection in held)
        {
            await server.Oracle.AssertOwnedAsync(connection, tenant);
            await connection.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task What_is_kept_is_no_use_of_the_pool_and_goes_with_it()
    {
        await using var host = await StartAsync(keep: 2);
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => null);
        var tenant = server.Tenants[6].Key;
        await UseAsync(host, tenant, 4);
        var before = await LastUsedAsync();
        await UntilAsync(async () => await watch.CountAsync() == 2 && host.Server.Granted == 2 && host.Runtime.Generations.LeasesOpen == 0);
        Assert.InRange(await LastUsedAsync(), before - Tick, before + Tick);
        // A look at what is kept may hold it for a moment.
        await UntilAsync(async () => await host.Pools.EvictAsync(tenant) == EvictResult.Evicted);
        await UntilAsync(async () => await watch.CountAsync() == 0 && host.Server.Granted == 0);

        async Task<DateTimeOffset> LastUsedAsync() => (await host.Pools.GetStatisticsAsync()).Tenants.Single(t => t.Tenant == tenant).LastUsedAt;
    }

    private Task<PoolsHost> StartAsync(int keep) => server.StartAsync(o =>
    {
        o.Connections.IdleLifetime = Lifetime;
        o.Servers.KeepIdlePerTenant = keep;
    });

    private static async Task UseAsync(PoolsHost host, TenantKey tenant, int connections)
    {
        var held = new List<Npgsql.NpgsqlConnection>();
        for (var i = 0; i < connections; i++)
            held.Add(await host.Pools.OpenConnectionAsync(tenant));
        foreach (var connection in held)
            await connection.DisposeAsync();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; !await condition(); i++)
        {
            Assert.True(i < 600, "It did not happen within a minute.");
            await Task.Delay(100);
        }
    }
}
