using Akka.Actor;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class ShutdownTests(RoomyServer server)
{
    [SkippableFact]
    public async Task A_stopped_host_leaves_no_session()
    {
        await using var host = await server.StartAsync();
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => null);
        await Task.WhenAll(server.Tenants.Take(40).Select(async tenant =>
        {
            await using var connection = await host.Pools.OpenConnectionAsync(tenant.Key);
        }));
        Assert.True(await watch.CountAsync() > 0);

        Assert.Equal(0, await host.Pools.DrainAllAsync());
        var left = (await host.Pools.GetStatisticsAsync()).Servers.Single();
        Assert.Equal((0, 0), (left.InUse, left.IdleHeld));
        await host.StopAsync();

        await watch.AssertNoneAsync();
        Assert.Equal(0, host.Runtime.Generations.LeasesOpen);
        Assert.Empty(host.Runtime.Generations);
    }

    [SkippableFact]
    public async Task Draining_waits_for_open_leases_and_takes_no_new_ones()
    {
        await using var host = await server.StartAsync();
        var source = await host.Pools.GetDataSourceAsync(server.Tenants[0].Key);
        var connection = await source.OpenConnectionAsync();
        var draining = host.Pools.DrainAllAsync();

        var refused = await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(server.Tenants[1].Key).AsTask());
        Assert.Equal(HyperConnErrorCode.ShuttingDown, refused.Code);
        await server.Oracle.AssertOwnedAsync(connection, server.Tenants[0].Key);
        Assert.False(draining.IsCompleted);
        await connection.DisposeAsync();
        Assert.Equal(0, await draining);
    }

    [SkippableFact]
    public async Task At_the_deadline_open_sessions_are_ended_and_counted()
    {
        await using var host = await server.StartAsync();
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => null);
        var source = await host.Pools.GetDataSourceAsync(server.Tenants[0].Key);
        await using var idle = await source.OpenConnectionAsync();
        await using var busy = await source.OpenConnectionAsync();
        await using var elsewhere = await host.Pools.OpenConnectionAsync(server.Tenants[1].Key);
        await using var sleep = new NpgsqlCommand("select pg_sleep(60)", busy);
        var running = sleep.ExecuteNonQueryAsync();

        Assert.Equal(3, await host.Pools.DrainAllAsync(TimeSpan.FromMilliseconds(300)));

        var cut = await Assert.ThrowsAsync<PostgresException>(() => running);
        Assert.Equal(PostgresErrorCodes.AdminShutdown, cut.SqlState);
        await watch.AssertNoneAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => server.Oracle.AssertOwnedAsync(idle, server.Tenants[0].Key));
        Assert.Equal(0, await host.Pools.DrainAllAsync() - 3);
    }

    [SkippableFact]
    public async Task Used_after_shutdown_everything_says_so()
    {
        await using var host = await server.StartAsync();
        var tenant = server.Tenants[0].Key;
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => null);
        var source = await host.Pools.GetDataSourceAsync(tenant);
        var late = source.CreateConnection();
        await using var command = source.CreateCommand("select 1");
        await using var batch = source.CreateBatch();
        await host.StopAsync();

        await AssertSaysSoAsync(() => host.Pools.OpenConnectionAsync(tenant).AsTask());
        await AssertSaysSoAsync(() => host.Pools.GetDataSourceAsync(tenant).AsTask());
        await AssertSaysSoAsync(() => source.OpenConnectionAsync().AsTask());
        await AssertSaysSoAsync(() => command.ExecuteScalarAsync());
        await AssertSaysSoAsync(() => batch.ExecuteNonQueryAsync());
        await AssertSaysSoAsync(() => Task.Run(source.OpenConnection));
        await AssertSaysSoAsync(() => late.OpenAsync());
        await AssertSaysSoAsync(() => Task.Run(source.CreateConnection().Open));
        await AssertSaysSoAsync(() => Task.Run(host.Pools.CreateConnection(tenant).Open));
        Assert.Equal("", source.ConnectionString);
        source.Dispose();
        await watch.AssertNoneAsync();
    }

    [SkippableFact]
    public async Task An_ask_that_nobody_waits_for_any_more_leaks_nothing()
    {
        var secrets = server.Secrets();
        var gate = new TaskCompletionSource();
        secrets.Delay = token => gate.Task.WaitAsync(token);
        await using var host = await PoolsHost.StartAsync(secrets);
        await Assert.ThrowsAsync<AskTimeoutException>(
            () => host.Supervisor.Ask<PoolReply>(new GetPool(server.Tenants[0].Key), TimeSpan.FromMilliseconds(50)));
        gate.SetResult();

        var reply = await host.Supervisor.Ask<PoolReply>(new GetPool(server.Tenants[0].Key), TimeSpan.FromSeconds(60));
        var source = Assert.IsType<PoolReady>(reply).DataSource;
        Assert.Equal(EvictResult.Evicted, await host.Pools.EvictAsync(source.Tenant));
        Assert.Equal(1, secrets.CallsFor(source.Tenant));
    }

    private static async Task AssertSaysSoAsync(Func<Task> use) =>
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await Assert.ThrowsAsync<HyperConnException>(use)).Code);
}
