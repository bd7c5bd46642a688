using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class IsolationTests(RoomyServer server)
{
    private const int Workers = 64;

    [SkippableFact]
    public async Task Sixty_four_workers_over_a_hundred_tenants_only_ever_see_their_own_tenants_rows()
    {
        var tenants = server.Tenants;
        await using var host = await server.StartAsync();
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(30));
        var used = new System.Collections.Concurrent.ConcurrentDictionary<TenantKey, bool>();

        await Soak.RunAsync(Workers, Soak.Duration(6), async (_, random) =>
        {
            var tenant = tenants[random.Next(tenants.Count)].Key;
            used[tenant] = true;
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            await server.Oracle.AssertOwnedAsync(connection, tenant);
            watchdog.Step();
        });

        await watchdog.AssertNoStallAsync();
        var statistics = await host.Pools.GetStatisticsAsync();
        Assert.Equal(0, statistics.Leases);
        Assert.Equal(0, statistics.FailedAcquisitions);
        Assert.Equal(used.Count, statistics.PoolsCreated);
    }

    [SkippableFact]
    public async Task Eviction_racing_with_use_fails_no_operation_and_disposes_nothing_in_use()
    {
        const int Cap = 12;
        var tenants = server.Tenants;
        await using var host = await server.StartAsync(o =>
        {
            o.Connections.ConnectTimeout = TimeSpan.FromSeconds(60);
            o.Pools.MaxPools = Cap;
            o.Pools.IdleTimeToLive = TimeSpan.FromMilliseconds(1);
            o.Pools.SweepInterval = TimeSpan.FromMilliseconds(5);
        });
        var handles = new TenantDataSource[tenants.Count];
        for (var i = 0; i < handles.Length; i++)
            handles[i] = await host.Pools.GetDataSourceAsync(tenants[i].Key);
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(30));

        await Soak.RunAsync(Workers, Soak.Duration(20), async (worker, random) =>
        {
            var number = random.Next(tenants.Count);
            var (tenant, handle) = (tenants[number].Key, handles[number]);
            if (worker % 8 == 0)
            {
                await host.Pools.EvictAsync(tenant);
                return;
            }

            await UseAsync(handle, tenant, random);
            watchdog.Step();
        });

        await watchdog.AssertNoStallAsync();
        var statistics = await host.Pools.GetStatisticsAsync();
        Assert.Equal(0, statistics.Leases);
        Assert.Equal(0, statistics.FailedAcquisitions);
        Assert.True(statistics.Evictions[EvictionReason.Requested] > 0, "Nothing was evicted on request.");
        Assert.True(statistics.Evictions[EvictionReason.IdleTimeToLive] + statistics.Evictions[EvictionReason.LeastRecentlyUsed] > 100);
    }

    private async Task UseAsync(TenantDataSource handle, TenantKey tenant, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                await using (var command = handle.CreateCommand("select current_user::text"))
                    Assert.Equal(server.Oracle.Of(tenant).Login.User, await command.ExecuteScalarAsync());
                break;
            case 1:
                await using (var late = handle.CreateConnection())
                {
                    await Task.Delay(random.Next(5));
                    await late.OpenAsync();
                    await server.Oracle.AssertOwnedAsync(late.Npgsql, tenant);
                }

                break;
            default:
                await using (var connection = await handle.OpenConnectionAsync())
                {
                    await Task.Delay(random.Next(3));
                    await server.Oracle.AssertOwnedAsync(connection, tenant);
                }

                break;
        }
    }

    [SkippableFact]
    public async Task A_thousand_first_requests_at_once_make_one_pool_and_one_secret_call()
    {
        var tenant = server.Tenants[0].Key;
        var secrets = server.Secrets();
        await using var host = await PoolsHost.StartAsync(secrets);
        using var start = new ManualResetEventSlim();

        var requests = Enumerable.Range(0, 1_000).Select(i => Task.Run(async () =>
        {
            start.Wait();
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            await using var command = new NpgsqlCommand("select current_user::text", connection);
            return (string?)await command.ExecuteScalarAsync();
        })).ToArray();
        start.Set();
        var users = await Task.WhenAll(requests);

        Assert.All(users, user => Assert.Equal(server.Oracle.Of(tenant).Login.User, user));
        Assert.Equal(1, secrets.CallsFor(tenant));
        var statistics = await host.Pools.GetStatisticsAsync();
        Assert.Equal(1, statistics.PoolsCreated);
        Assert.Equal(1, statistics.Secrets.StoreCalls);
    }
}
