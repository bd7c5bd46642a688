using System.Collections.Concurrent;
using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Poolers;

/// <summary>A pooler goes away, or a server behind it does.</summary>
[Collection(Integration.FailureCollection.Name)]
public class PoolerOutageTests
{
    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session)]
    [InlineData(PgBouncerOptions.Transaction)]
    public async Task A_server_that_restarts_behind_the_pooler_fails_statements_in_flight_and_no_open(string mode)
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var tenants = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = 6, OwnDatabases = 0, Services = ["core"] });
        await using var pooler = await PgBouncer.StartAsync(server, new PgBouncerOptions(mode) { Settings = PgBouncerOptions.QuickRetry });
        var secrets = new MemorySecretStore();
        foreach (var tenant in tenants.Tenants)
            secrets.Put(tenant.Key, pooler.Through(tenant));
        await using var host = await PoolsHost.StartAsync(secrets, o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60));
        var refused = new ConcurrentQueue<Exception>();
        await using var load = Integration.Load.Start(12, async number =>
        {
            NpgsqlConnection connection;
            try
            {
                connection = await host.Pools.OpenConnectionAsync(tenants.Tenants[number % 6].Key);
            }
            catch (Exception fault)
            {
                refused.Enqueue(fault);
                throw;
            }

            await using (connection)
                Assert.Equal(1, await ScalarAsync(connection));
        });
        await load.PassAsync(200);

        await server.Control!.KillAsync();
        await Task.Delay(300);
        await server.Control.StartAsync();
        await load.PassAsync(200);

        await load.StopAsync();
        Assert.Empty(refused);
    }

    [SkippableFact]
    public async Task What_one_tenants_session_answers_says_nothing_about_a_tenant_whose_server_behind_the_pooler_is_another()
    {
        await using var steady = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        await using var restarting = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var (calm, shaken) = (await TenantsOfAsync(steady), await TenantsOfAsync(restarting));
        await using var pooler = await PgBouncer.StartAsync(steady, new PgBouncerOptions(PgBouncerOptions.Session)
        {
            Settings = PgBouncerOptions.QuickRetry,
            Databases = new Dictionary<string, PostgresServer>(StringComparer.Ordinal) { [shaken.Database] = restarting },
            Users = [shaken.Login],
        });
        var (calmKey, shakenKey) = (TenantKey.Create("core", "calm"), TenantKey.Create("core", "shaken"));
        await using var host = await PoolsHost.StartAsync(
            new MemorySecretStore().Put(calmKey, pooler.Through(calm)).Put(shakenKey, pooler.Through(shaken)),
            o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60));
        await using var load = Integration.Load.Start(2, async _ =>
        {
            await using var connection = await host.Pools.OpenConnectionAsync(calmKey);
            Assert.Equal(1, await ScalarAsync(connection));
        });
        await load.PassAsync(20);
        await using (var connection = await host.Pools.OpenConnectionAsync(shakenKey))
            Assert.Equal(1, await ScalarAsync(connection));

        await restarting.Control!.KillAsync();
        await restarting.Control.StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(3));
        await load.PassAsync(50);

        // Its idle session is dead. Trusted on the calm tenant's word it would be handed out.
        await using (var connection = await host.Pools.OpenConnectionAsync(shakenKey))
            Assert.Equal(1, await ScalarAsync(connection));
        await load.StopAsync();
        load.AssertNoFaults();
    }

    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session)]
    [InlineData(PgBouncerOptions.Transaction)]
    public async Task A_pooler_that_is_restarted_is_waited_for(string mode)
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var tenant = await TenantsOfAsync(server);
        await using var pooler = await PgBouncer.StartAsync(server, new PgBouncerOptions(mode));
        await using var host = await PoolsHost.StartAsync(
            new MemorySecretStore().Put(tenant.Key, pooler.Through(tenant)), o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60));
        await using (var connection = await host.Pools.OpenConnectionAsync(tenant.Key))
            Assert.Equal(1, await ScalarAsync(connection));

        await pooler.RestartAsync(away: TimeSpan.FromSeconds(2));

        // Two seconds without an answer: what was idle is asked, and found dead.
        await using var again = await host.Pools.OpenConnectionAsync(tenant.Key);
        Assert.Equal(1, await ScalarAsync(again));
    }

    [SkippableFact]
    public async Task A_pooler_without_room_is_waited_for_like_a_server_without_a_slot()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var tenant = await TenantsOfAsync(server);
        await using var pooler = await PgBouncer.StartAsync(server, new PgBouncerOptions(PgBouncerOptions.Transaction)
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["max_client_conn"] = "4" },
        });
        await using var host = await PoolsHost.StartAsync(
            new MemorySecretStore().Put(tenant.Key, pooler.Through(tenant)), o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60));
        await using var strangers = NpgsqlDataSource.Create(PostgresUri.Parse(pooler.Through(tenant)).ToNpgsql());
        await using var stranger = await strangers.OpenConnectionAsync();

        await Soak.RunAsync(12, TimeSpan.FromSeconds(4), async (_, _) =>
        {
            await using var connection = await host.Pools.OpenConnectionAsync(tenant.Key);
            Assert.Equal(1, await ScalarAsync(connection));
        });

        var budget = (await host.Pools.GetStatisticsAsync()).Servers.Single();
        Assert.True(budget.Refusals > 0);
        Assert.True(budget.Limit <= 4, $"The budget is {budget.Limit}.");
    }

    private static async Task<ProvisionedTenant> TenantsOfAsync(PostgresServer server) =>
        (await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = 1, OwnDatabases = 1, Services = ["core"] })).Tenants[0];

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select 1", connection);
        return await command.ExecuteScalarAsync();
    }
}
