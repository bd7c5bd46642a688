using HyperConn.Tests.Support;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class KeptConnectionsTests(RoomyServer server)
{
    [SkippableFact]
    public async Task Of_a_pool_that_goes_unused_as_many_connections_stay_as_are_to_be_kept()
    {
        await using var host = await server.StartAsync(o =>
        {
            o.Connections.IdleLifetime = TimeSpan.FromSeconds(1);
            o.Servers.KeepIdlePerTenant = 2;
        });
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => null);
        var tenant = server.Tenants[5].Key;
        var held = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => host.Pools.OpenConnectionAsync(tenant).AsTask()));
        var processes = held.Select(connection => connection.ProcessID).ToHashSet();
        foreach (var connection in held)
            await connection.DisposeAsync();
        Assert.Equal(5, await watch.CountAsync());
        var used = (await host.Pools.GetStatisticsAsync()).ColdAcquisitions;

        for (var i = 0; i < 200 && (await watch.CountAsync() != 2 || host.Server.Granted != 2 || host.Runtime.Generations.LeasesOpen > 0); i++)
            await Task.Delay(100);

        // The kept ones are new, because Npgsql closes all or none, and count as nobody's acquisition.
        Assert.Equal((2, 2), (await watch.CountAsync(), host.Server.Granted));
        Assert.Equal(used, (await host.Pools.GetStatisticsAsync()).ColdAcquisitions);

        // Past the lifetime after which Npgsql closes idle ones by itself.
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.Equal((2, 2), (await watch.CountAsync(), host.Server.Granted));
        await using var first = await host.Pools.OpenConnectionAsync(tenant);
        await using var second = await host.Pools.OpenConnectionAsync(tenant);
        Assert.DoesNotContain(first.ProcessID, processes);
        Assert.Equal(used, (await host.Pools.GetStatisticsAsync()).ColdAcquisitions);
        await server.Oracle.AssertOwnedAsync(second, tenant);
    }
}
