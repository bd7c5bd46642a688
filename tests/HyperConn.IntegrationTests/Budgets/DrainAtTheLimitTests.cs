using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Budgets;

/// <summary>A server whose every slot is in use when the drain's deadline comes.</summary>
[Collection(SmallServerCollection.Name)]
public class DrainAtTheLimitTests
{
    [SkippableFact]
    public async Task Twenty_two_tenants_with_every_slot_in_use_leave_no_session()
    {
        const int Tenants = 22;
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = 30 });
        var provisioner = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = Tenants, OwnDatabases = 0, Services = ["core"] });
        await using var host = await PoolsHost.StartAsync(new MemorySecretStore().With(provisioner.Tenants), o => o.Servers.MaxConnections = Tenants);
        await using var watch = new SessionWatch(server, provisioner, () => null);
        var held = new List<NpgsqlConnection>();
        foreach (var tenant in provisioner.Tenants)
            held.Add(await host.Pools.OpenConnectionAsync(tenant.Key));
        var running = held.Select(connection => new NpgsqlCommand("select pg_sleep(600)", connection).ExecuteNonQueryAsync()).ToArray();
        Assert.Equal(Tenants, await watch.CountAsync());

        Assert.Equal(Tenants, await host.Pools.DrainAllAsync(TimeSpan.FromMilliseconds(300)));
        await watch.AssertNoneAsync();
        foreach (var statement in running)
            Assert.Equal(PostgresErrorCodes.AdminShutdown, (await Assert.ThrowsAsync<PostgresException>(() => statement)).SqlState);

        // One connection after the other ended them, and not one for each tenant at once. A closed one's process may live a little longer.
        Assert.InRange(watch.Peak, Tenants, Tenants + 4);
    }
}
