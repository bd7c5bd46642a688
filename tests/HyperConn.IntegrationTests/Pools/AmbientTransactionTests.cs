using System.Data.Common;
using System.Transactions;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class AmbientTransactionTests(RoomyServer server)
{
    private TenantKey Tenant => server.Tenants[1].Key;

    [SkippableTheory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task What_was_written_stands_or_falls_with_the_scope(bool cold, bool complete)
    {
        await using var host = await server.StartAsync();
        var source = await host.Pools.GetDataSourceAsync(Tenant);
        if (!cold)
            await source.OpenConnection().DisposeAsync();
        var before = await CountAsync(source);
        if (cold)
            await host.Pools.EvictAsync(Tenant);

        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await using (var connection = await source.OpenConnectionAsync())
                await InsertAsync(connection);
            if (complete)
                scope.Complete();
        }

        Assert.Equal(before + (complete ? 1 : 0), await CountAsync(source));
        await NoLeaseAsync(host);
    }

    [SkippableFact]
    public async Task A_blocking_open_on_a_cold_pool_is_in_the_scope_of_its_thread()
    {
        await using var host = await server.StartAsync();
        var source = await host.Pools.GetDataSourceAsync(Tenant);
        var before = await CountAsync(source);
        await host.Pools.EvictAsync(Tenant);

        // A scope that does not flow with async calls, as most existing code makes it.
        await Task.Run(() =>
        {
            using (new TransactionScope())
            {
                using var connection = source.OpenConnection();
                using var command = new NpgsqlCommand("insert into events (tenant, payload) values ('x', 'scope')", connection);
                command.ExecuteNonQuery();
            }

            Assert.Null(Transaction.Current);
        });

        Assert.Equal(before, await CountAsync(source));
        await NoLeaseAsync(host);
    }

    [SkippableFact]
    public async Task The_lease_lasts_until_the_transaction_ends_and_connections_in_turn_share_it()
    {
        await using var host = await server.StartAsync(o => o.Connections.MaxPerTenant = 1);
        var source = await host.Pools.GetDataSourceAsync(Tenant);
        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            var processes = new HashSet<int>();
            for (var i = 0; i < 3; i++)
            {
                await using var connection = await source.OpenConnectionAsync();
                processes.Add(connection.ProcessID);
                await InsertAsync(connection);
            }

            await using (var command = source.CreateCommand("select pg_backend_pid()"))
                processes.Add((int)(await command.ExecuteScalarAsync())!);
            Assert.Single(processes);
            Assert.Equal(1, host.Runtime.Generations.LeasesOpen);

            // Those that go on with the lease are handed out, too.
            var counted = await host.Pools.GetStatisticsAsync();
            Assert.Equal((0, 0, 4), (counted.HotAcquisitions, counted.ProbedAcquisitions, counted.ColdAcquisitions));
            Assert.Equal(EvictResult.InUse, await host.Pools.EvictAsync(Tenant));
            scope.Complete();
        }

        await NoLeaseAsync(host);
        Assert.Equal(EvictResult.Evicted, await host.Pools.EvictAsync(Tenant));
        Assert.True(host.Runtime.Leases.Enlisted.IsEmpty);
    }

    [SkippableFact]
    public async Task The_first_open_of_a_scope_on_a_warm_pool_is_hot_and_the_others_go_on_with_its_lease()
    {
        Assert.True(Leases.AmbientEnlistment.CanBeRead, "This Npgsql does not tell what a connection is enlisted in: every open asks for the ambient transaction.");
        await using var host = await server.StartAsync();
        var source = await host.Pools.GetDataSourceAsync(Tenant);
        await source.OpenConnection().DisposeAsync();
        var before = await CountAsync(source);
        var hot = (await host.Pools.GetStatisticsAsync()).HotAcquisitions;
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            for (var i = 0; i < 3; i++)
            {
                await using var connection = await source.OpenConnectionAsync();
                await InsertAsync(connection);
                Assert.Equal(1, host.Runtime.Generations.LeasesOpen);
                Assert.False(host.Runtime.Leases.Enlisted.IsEmpty);
            }
        }

        await NoLeaseAsync(host);
        Assert.Equal(hot + 1, (await host.Pools.GetStatisticsAsync()).HotAcquisitions);
        Assert.Equal(before, await CountAsync(source));
    }

    [SkippableFact]
    public async Task Connection_objects_opened_and_closed_in_a_scope_keep_one_lease_until_it_ends()
    {
        await using var host = await server.StartAsync();
        var source = await host.Pools.GetDataSourceAsync(Tenant);
        await using var created = source.CreateConnection();
        await using var reopened = await source.OpenConnectionAsync();
        await reopened.CloseAsync();
        var before = await CountAsync(source);
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            foreach (var connection in new DbConnection[] { created, reopened, created })
            {
                await connection.OpenAsync();
                await InsertAsync(connection as NpgsqlConnection ?? created.Npgsql);
                await connection.CloseAsync();
                Assert.Equal(1, host.Runtime.Generations.LeasesOpen);
            }

            await using var third = await source.OpenConnectionAsync();
            await InsertAsync(third);
            Assert.Equal(1, host.Runtime.Generations.LeasesOpen);
        }

        await NoLeaseAsync(host);
        Assert.Equal(before, await CountAsync(source));
        await created.OpenAsync();
        Assert.Equal(1, host.Runtime.Generations.LeasesOpen);
        await created.CloseAsync();
        await NoLeaseAsync(host);
    }

    [SkippableFact]
    public async Task Many_scopes_at_once_never_have_more_sessions_than_permits()
    {
        const int Most = 3;
        await using var host = await server.StartAsync(o =>
        {
            o.Connections.MaxPerTenant = Most;
            o.Servers.MaxConnections = 2 * Most;
        });
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => host.Runtime.Servers.Values.SingleOrDefault());
        await Soak.RunAsync(16, Soak.Duration(4), async (worker, random) =>
        {
            var source = await host.Pools.GetDataSourceAsync(server.Tenants[worker % 4].Key);
            using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
            await using (var connection = await source.OpenConnectionAsync())
                await InsertAsync(connection);
            if (random.Next(3) > 0)
                scope.Complete();
        });

        await NoLeaseAsync(host);
        await host.StopAsync();
        await watch.AssertNoneAsync();
        watch.AssertNeverExceeded();
    }

    private static async Task InsertAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("insert into events (tenant, payload) values ('x', 'scope')", connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(TenantDataSource source)
    {
        await using var command = source.CreateCommand("select count(*) from events where payload = 'scope'");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task NoLeaseAsync(PoolsHost host)
    {
        await Until.TrueAsync(() => host.Runtime.Generations.LeasesOpen == 0);
    }
}
