using HyperConn.Servers;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Poolers;

/// <summary>What HyperConn promises, through PgBouncer in both its modes.</summary>
[Collection(PooledServerCollection.Name)]
public class PoolerModeTests(PooledServer server)
{
    private const int Workers = 32;

    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session)]
    [InlineData(PgBouncerOptions.Transaction)]
    public async Task Workers_over_sixty_tenants_only_ever_see_their_own_tenants_rows(string mode)
    {
        var pooler = await server.PoolerAsync(mode);
        await using var host = await PoolsHost.StartAsync(server.Secrets(pooler));
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(20));

        await Soak.RunAsync(Workers, Soak.Duration(4), async (_, random) =>
        {
            var tenant = server.Tenants[random.Next(server.Tenants.Count)].Key;
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            await server.Oracle.AssertOwnedAsync(connection, tenant);
            if (random.Next(4) == 0)
            {
                // Of a session in transaction mode nothing is left after the transaction, and nothing may be counted upon.
                await using var transaction = await connection.BeginTransactionAsync();
                await server.Oracle.AssertOwnedAsync(connection, tenant);
                await transaction.CommitAsync();
            }

            watchdog.Step();
        });

        await watchdog.AssertNoStallAsync();
        var statistics = await host.Pools.GetStatisticsAsync();
        Assert.Equal((0, 0L), (statistics.Leases, statistics.FailedAcquisitions));
        Assert.Equal(ServerKind.Pooler, host.Server.Kind);
    }

    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session)]
    [InlineData(PgBouncerOptions.Transaction)]
    public async Task Eviction_racing_with_use_fails_no_operation(string mode)
    {
        var pooler = await server.PoolerAsync(mode);
        await using var host = await PoolsHost.StartAsync(server.Secrets(pooler), o =>
        {
            o.Pools.MaxPools = 12;
            o.Pools.IdleTimeToLive = TimeSpan.FromMilliseconds(1);
            o.Pools.SweepInterval = TimeSpan.FromMilliseconds(5);
        });
        var handles = new TenantDataSource[server.Tenants.Count];
        for (var i = 0; i < handles.Length; i++)
            handles[i] = await host.Pools.GetDataSourceAsync(server.Tenants[i].Key);
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(20));

        await Soak.RunAsync(Workers, Soak.Duration(5), async (worker, random) =>
        {
            var number = random.Next(handles.Length);
            if (worker % 8 == 0)
            {
                await host.Pools.EvictAsync(handles[number].Tenant);
                return;
            }

            await using var connection = await handles[number].OpenConnectionAsync();
            await Task.Delay(random.Next(3));
            await server.Oracle.AssertOwnedAsync(connection, handles[number].Tenant);
            watchdog.Step();
        });

        await watchdog.AssertNoStallAsync();
        Assert.True((await host.Pools.GetStatisticsAsync()).Evictions.Values.Sum() > 0);
    }

    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session)]
    [InlineData(PgBouncerOptions.Transaction)]
    public async Task Passwords_and_users_change_under_load_and_no_operation_fails(string mode)
    {
        var pooler = await server.PoolerAsync(mode);
        await using var tenants = await server.ProvisionAsync(2, ownDatabases: 0);
        var secrets = new MemorySecretStore();
        foreach (var tenant in tenants.Tenants)
            secrets.Put(tenant.Key, pooler.Through(tenant));
        await using var host = await PoolsHost.StartAsync(secrets);
        await using var load = Integration.Load.Start(8, async number =>
        {
            var tenant = tenants.Tenants[number % 2];
            await using var connection = await host.Pools.OpenConnectionAsync(tenant.Key);
            await using var command = new NpgsqlCommand("select current_user::text, current_database()::text, current_schema()::text", connection);
            await using var reader = await command.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync());
            Assert.True(tenant.Owns(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        });
        await load.PassAsync(50);

        for (var round = 0; round < 3; round++)
        {
            var (single, alternating) = (tenants.Tenants[0], tenants.Tenants[1]);
            await tenants.ChangePasswordAsync(single);
            secrets.Put(single.Key, pooler.Through(single));
            await tenants.AlternateUserAsync(alternating);
            secrets.Put(alternating.Key, pooler.Through(alternating));
            await host.Pools.RefreshAsync(single.Key);
            await host.Pools.RefreshAsync(alternating.Key);
            await load.PassAsync(100);
            await using var connection = await host.Pools.OpenConnectionAsync(alternating.Key);
            await using var command = new NpgsqlCommand("select current_user::text", connection);
            Assert.Equal(alternating.Login.User, await command.ExecuteScalarAsync());
        }

        await load.StopAsync();
        load.AssertNoFaults();
    }

    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session)]
    [InlineData(PgBouncerOptions.Transaction)]
    public async Task The_budget_bounds_the_clients_of_the_pooler_over_all_tenants(string mode)
    {
        const int Limit = 10;
        var pooler = await server.PoolerAsync(mode);
        await using var host = await PoolsHost.StartAsync(server.Secrets(pooler), o =>
        {
            o.Servers.MaxConnections = Limit;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(30);
        });
        using var stop = new CancellationTokenSource();
        var most = 0;
        var watch = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                most = Math.Max(most, await pooler.CountClientsAsync(server.Provisioner.Prefix));
        });

        await Soak.RunAsync(Workers, Soak.Duration(4), async (_, random) =>
        {
            var tenant = server.Tenants[random.Next(server.Tenants.Count)].Key;
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            await server.Oracle.AssertOwnedAsync(connection, tenant);
        });

        await stop.CancelAsync();
        await watch;
        Assert.InRange(most, 1, Limit);
        var statistics = (await host.Pools.GetStatisticsAsync()).Servers.Single();
        Assert.Equal((Limit, 0L, 0L), (statistics.Limit, statistics.Refusals, statistics.TimedOut));
        Assert.Equal(0, await host.Pools.DrainAllAsync());
    }

    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session)]
    [InlineData(PgBouncerOptions.Transaction)]
    public async Task What_one_lease_sets_the_next_one_does_not_have(string mode)
    {
        var pooler = await server.PoolerAsync(mode);
        await using var host = await PoolsHost.StartAsync(server.Secrets(pooler), o => o.Connections.MaxPerTenant = 1);
        var tenant = server.Tenants[0].Key;
        await using (var first = await host.Pools.OpenConnectionAsync(tenant))
        await using (var command = new NpgsqlCommand("set search_path = pg_catalog", first))
            await command.ExecuteNonQueryAsync();

        await using var second = await host.Pools.OpenConnectionAsync(tenant);

        await server.Oracle.AssertOwnedAsync(second, tenant);
    }

    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session)]
    [InlineData(PgBouncerOptions.Transaction)]
    public async Task Leases_that_outlive_the_shutdown_end_nobody_elses_session(string mode)
    {
        var pooler = await server.PoolerAsync(mode);
        var tenant = server.Tenants[1];
        await using var host = await PoolsHost.StartAsync(server.Secrets(pooler));
        await using var other = NpgsqlDataSource.Create(PostgresUri.Parse(pooler.Through(tenant)).ToNpgsql());
        await using var bystander = await other.OpenConnectionAsync();
        await using var lease = await host.Pools.OpenConnectionAsync(tenant.Key);
        Assert.Equal(1, await ScalarAsync(bystander));

        await host.Pools.DrainAllAsync(TimeSpan.Zero);

        Assert.Equal(1, await ScalarAsync(bystander));
        Assert.Equal(1, await ScalarAsync(lease));

        static async Task<object?> ScalarAsync(NpgsqlConnection connection)
        {
            await using var command = new NpgsqlCommand("select 1", connection);
            return await command.ExecuteScalarAsync();
        }
    }
}
