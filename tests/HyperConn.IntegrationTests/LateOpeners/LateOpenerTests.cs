using Dapper;
using DbUp.Engine.Transactions;
using HyperConn.Tests.Support;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.DataProvider.PostgreSQL;
using LinqToDB.Mapping;
using Xunit.Abstractions;

namespace HyperConn.Tests.LateOpeners;

/// <summary>Libraries that open and close connections themselves, on connections made before they are open: they keep the budget.</summary>
[Collection(SmallServerCollection.Name)]
public class LateOpenerTests(SmallServer server, ITestOutputHelper output)
{
    private const int Workers = 64;
    private const int Tenants = 200;
    private const int Most = 20;
    private const int Rounds = 6;

    private const string Marker = "select tenant from events where payload = @payload";

    public static TheoryData<string> Ways => ["Dapper", "Dapper, blocking", "linq2db", "a data adapter's way"];

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public async Task Two_hundred_tenants_share_twenty_connections_whoever_opens_them(string way)
    {
        await using var host = await server.StartAsync(o =>
        {
            o.Servers.MaxConnections = Most;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60);
        });
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => host.Runtime.Servers.Values.SingleOrDefault());
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(60), () => $"{host.Server.Waiting} wait, {host.Runtime.Generations.LeasesOpen} leases.");

        // Threads of their own: some ways block, and what watches them needs the thread pool.
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Factory.StartNew(() => Work(worker).GetAwaiter().GetResult(), TaskCreationOptions.LongRunning)));

        Assert.Equal(0, host.Runtime.Generations.LeasesOpen);
        await watchdog.AssertNoStallAsync();
        await host.StopAsync();
        await watch.AssertNoneAsync();
        output.WriteLine($"{way}: {Workers * Rounds} queries, {watch.Samples} samples, peak {watch.Peak} sessions");
        watch.AssertNeverExceeded();
        Assert.InRange(watch.Peak, 1, Most);

        async Task Work(int worker)
        {
            var random = new Random(worker);
            for (var i = 0; i < Rounds; i++)
            {
                var tenant = server.Tenants[random.Next(Tenants)].Key;
                Assert.Equal(tenant.ToString(), await AskAsync(way, host.Pools, tenant));
                if (random.Next(20) == 0)
                    await host.Pools.EvictAsync(tenant);
                watchdog.Step();
            }
        }
    }

    [SkippableFact]
    public async Task What_Dapper_s_methods_do_to_a_closed_connection_they_do_to_a_tenant_s()
    {
        await using var host = await server.StartAsync();
        var tenant = server.Tenants[0].Key;
        await using var connection = host.Pools.CreateConnection(tenant);
        var none = () => Assert.Equal(0, host.Runtime.Generations.LeasesOpen);

        Assert.Equal([1, 2, 3], await connection.QueryAsync<int>("select * from generate_series(1, @most)", new { most = 3 }));
        none();
        Assert.Equal([1, 2, 3], connection.Query<int>("select * from generate_series(1, 3)"));
        none();
        await using (var several = await connection.QueryMultipleAsync("select 1; select 'two'"))
            Assert.Equal((1, "two"), (await several.ReadSingleAsync<int>(), await several.ReadSingleAsync<string>()));
        none();
        Assert.Equal((7, "x"), await connection.QuerySingleAsync<(int, string)>("select 7, 'x'"));
        Assert.Equal(3, await connection.ExecuteAsync("insert into events (tenant, payload) values (@tenant, @payload)", Enumerable.Range(0, 3).Select(i => new { tenant = $"{tenant}", payload = $"dapper {i}" })));
        none();
        using (var reader = await connection.ExecuteReaderAsync("select 1"))
        {
            Assert.Equal(1, host.Runtime.Generations.LeasesOpen);
            Assert.True(reader.Read());
        }

        none();
        await foreach (var number in connection.QueryUnbufferedAsync<int>("select * from generate_series(1, 1000)"))
        {
            // Left in the middle.
            if (number == 10)
                break;
        }

        none();
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => connection.QueryAsync<int>("select nonsense"));
        none();
        await connection.OpenAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("delete from events where payload like 'dapper %'", transaction: transaction);
            await transaction.RollbackAsync();
        }

        await connection.CloseAsync();
        Assert.Equal(3, await connection.ExecuteAsync("delete from events where payload like 'dapper %'"));
        none();
    }

    [SkippableFact]
    public async Task DbUp_brings_each_tenant_up_to_date_within_the_budget()
    {
        const int Few = 3;
        await using var host = await server.StartAsync(o =>
        {
            o.Servers.MaxConnections = Few;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60);
        });
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => host.Runtime.Servers.Values.SingleOrDefault());

        // DbUp blocks: threads of its own, here too.
        await Task.WhenAll(server.Tenants.Take(24).Chunk(4).Select(some => Task.Factory.StartNew(
            () =>
            {
                foreach (var tenant in some)
                    Upgrade(tenant.Key);
            },
            TaskCreationOptions.LongRunning)));

        Assert.Equal(0, host.Runtime.Generations.LeasesOpen);
        await host.StopAsync();
        await watch.AssertNoneAsync();
        watch.AssertNeverExceeded();
        Assert.InRange(watch.Peak, 1, Few);

        void Upgrade(TenantKey tenant)
        {
            var engine = PostgresqlExtensions.PostgresqlDatabase(new TenantScripts(host.Pools, tenant))
                .WithScript("1", "create table upgraded (tenant text)")
                .WithScript("2", $"insert into upgraded values ('{tenant}')")
                .WithTransactionPerScript()
                .LogToNowhere()
                .Build();
            var result = engine.PerformUpgrade();
            Assert.True(result.Successful, $"{result.Error}");
            Assert.False(engine.IsUpgradeRequired());

            using var connection = host.Pools.CreateConnection(tenant);
            Assert.Equal($"{tenant}", connection.QuerySingle<string>("select tenant from upgraded"));
            connection.Execute("drop table upgraded; drop table schemaversions");
        }
    }

    private static async Task<string> AskAsync(string way, ITenantPools pools, TenantKey tenant)
    {
        await using var connection = pools.CreateConnection(tenant);
        switch (way)
        {
            case "Dapper":
                return await connection.QuerySingleAsync<string>(Marker, new { payload = "marker" });
            case "Dapper, blocking":
                return connection.QuerySingle<string>(Marker, new { payload = "marker" });
            case "linq2db":
                await using (var db = new DataConnection(new DataOptions().UseConnection(PostgreSQLTools.GetDataProvider(PostgreSQLVersion.v15), connection, disposeConnection: false)))
                    return await db.GetTable<Event>().Where(e => e.Payload == "marker").Select(e => e.Tenant).SingleAsync();
            default:
                // Open, read and close with CommandBehavior.CloseConnection, as adapters and DataTable.Load do.
                connection.Open();
                using (var command = connection.CreateCommand())
                {
                    command.CommandText = Marker;
                    command.Parameters.AddWithValue("payload", "marker");
                    using var reader = command.ExecuteReader(System.Data.CommandBehavior.CloseConnection);
                    Assert.True(reader.Read());
                    return reader.GetString(0);
                }
        }
    }

    /// <summary>How DbUp is given other connections than those of a connection string.</summary>
    private sealed class TenantScripts(ITenantPools pools, TenantKey tenant)
        : DatabaseConnectionManager(new DelegateConnectionFactory(_ => pools.CreateConnection(tenant)))
    {
        public override IEnumerable<string> SplitScriptIntoCommands(string scriptContents) => [scriptContents];
    }

    [Table("events")]
    private sealed class Event
    {
        [Column("tenant")]
        public string Tenant { get; set; } = "";

        [Column("payload")]
        public string Payload { get; set; } = "";
    }
}
