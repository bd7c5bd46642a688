using System.Globalization;
using Akka.Actor;
using Akka.Hosting;
using HyperConn.Events;
using HyperConn.Host.Demo;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>Effect and id are committed together, on real PostgreSQL.</summary>
public sealed class InboxTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly Dictionary<string, string> Statements = new(StringComparer.Ordinal)
    {
        ["default"] = "insert into events (tenant, payload) values (@org, @id)",
        ["two"] = "insert into events (tenant, payload) values (@org, @id); insert into events (tenant, payload) values (@org, @id || '+')",
        ["wrong"] = "insert into events (tenant, payload) values (@org, @id); select 1 / 0",
    };

    [SkippableFact]
    public async Task An_event_that_comes_again_is_a_duplicate_and_has_its_effect_once_for_statements_handlers_and_actors()
    {
        await using var provisioner = await postgres.ProvisionAsync(3, ownDatabases: 1);
        foreach (var (name, add, akka) in Ways())
        {
            var source = new MemorySource { IdScope = name };
            foreach (var tenant in provisioner.Tenants)
            {
                for (var i = 0; i < 10; i++)
                    source.Add(Event(tenant, (i % 5).ToString(CultureInfo.InvariantCulture)));
            }

            source.End();
            await using var host = await EventsHost.StartAsync(provisioner, source, add, akka);
            var s = await host.RunToEndAsync();
            Assert.True((15, 15, 0) == (s.Handled, s.Duplicates, s.Rejected), $"{name}: {s}, {string.Join(", ", s.Causes)}");
            foreach (var tenant in provisioner.Tenants)
                Assert.Equal(["0", "1", "2", "3", "4"], await ReadAsync(tenant, "delete from events returning payload"));
        }
    }

    [SkippableFact]
    public async Task Several_statements_are_one_transaction_with_the_id()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var source = new MemorySource().Add(Event(tenant, "1", "two"), Event(tenant, "1", "two"), Event(tenant, "2", "wrong"), Event(tenant, "2"), Event(tenant, "3")).End();
        await using var host = await EventsHost.StartAsync(provisioner, source, s => s.AddTenantEventHandler(new SqlStatementHandler(Statements)));
        var s = await host.RunToEndAsync();

        Assert.Equal((3, 1, 1), (s.Handled, s.Duplicates, s.Rejected));
        Assert.Equal("22012", Assert.Single(s.Causes).Code);
        // What failed left no id, so that the same event, mended, was handled.
        Assert.Equal(["1", "1+", "2", "3"], await ReadAsync(tenant, "select payload from events"));
        Assert.Equal(["1", "2", "3"], await ReadAsync(tenant, "select id from hyperconn_inbox"));
    }

    [SkippableFact]
    public async Task Sources_and_services_with_the_same_ids_don_t_take_each_other_s_events_for_duplicates()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        foreach (var scope in new[] { "queue", "table" })
        {
            var source = new MemorySource { IdScope = scope }.Add(Event(tenant, "1")).End();
            await using var host = await EventsHost.StartAsync(provisioner, source, s => s.AddTenantEventHandler(new SqlStatementHandler(Statements)));
            Assert.Equal(1, (await host.RunToEndAsync()).Handled);
        }

        Assert.Equal(["1", "1"], await ReadAsync(tenant, "select payload from events"));
    }

    [SkippableFact]
    public async Task The_same_event_at_two_workers_at_once_has_its_effect_once()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var sources = Enumerable.Range(0, 3).Select(_ => new MemorySource { IsOrdered = false }).ToList();
        foreach (var source in sources)
        {
            for (var i = 0; i < 100; i++)
                source.Add(Event(tenant, i.ToString("00", CultureInfo.InvariantCulture)));
            source.End();
        }

        var hosts = new List<EventsHost>();
        foreach (var source in sources)
            hosts.Add(await EventsHost.StartAsync(provisioner, source, s => s.AddTenantEventHandler(new SqlStatementHandler(Statements))));
        var ends = await Task.WhenAll(hosts.Select(host => host.RunToEndAsync()));
        foreach (var host in hosts)
            await host.DisposeAsync();

        Assert.Equal((100, 200, 0), (ends.Sum(s => s.Handled), ends.Sum(s => s.Duplicates), ends.Sum(s => s.Rejected)));
        Assert.Equal(100, (await ReadAsync(tenant, "select payload from events")).Distinct().Count());
    }

    [SkippableFact]
    public async Task Where_the_login_may_not_make_the_table_its_events_are_rejected_and_the_ddl_mends_it()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, ownDatabases: 1);
        var tenant = provisioner.Tenants[0];
        await AdminAsync(tenant, $"revoke create on schema \"{tenant.Schema}\" from \"{tenant.BaseUser}\"; alter schema \"{tenant.Schema}\" owner to current_user; "
            + $"grant usage on schema \"{tenant.Schema}\" to \"{tenant.BaseUser}\"");
        for (var run = 0; run < 2; run++)
        {
            var source = new MemorySource().Add(Event(tenant, "1")).End();
            await using var host = await EventsHost.StartAsync(provisioner, source, s => s.AddTenantEventHandler(new SqlStatementHandler(Statements)));
            var s = await host.RunToEndAsync();
            if (run == 0)
            {
                Assert.Equal("InboxMissing", Assert.Single(s.Causes).Code);
                Assert.Equal(1, s.Rejected);
                await AdminAsync(tenant, $"set search_path to \"{tenant.Schema}\"; {InboxSql.Ddl()}; grant select, insert, delete on hyperconn_inbox to \"{tenant.BaseUser}\"");
            }
            else
            {
                Assert.Equal(1, s.Handled);
            }
        }
    }

    [SkippableFact]
    public async Task Old_ids_are_removed_and_young_ones_stay()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var source = new MemorySource().Add(Event(tenant, "new"));
        await using var host = await EventsHost.StartAsync(provisioner, source, s => s
            .AddTenantEvents(o => o.InboxRetention = TimeSpan.FromSeconds(10))
            .AddTenantEventHandler(new SqlStatementHandler(Statements)));
        await UntilAsync(async () => (await ReadAsync(tenant, "select payload from events")).Count == 1);
        await ReadAsync(tenant, "insert into hyperconn_inbox (id, scope, service, org, handled_at) select 'old' || n, 's', 's', 'o', now() - interval '1 day' from generate_series(1, 2500) n returning id");
        source.Add(Event(tenant, "newer"));

        await UntilAsync(async () => (await ReadAsync(tenant, "select id from hyperconn_inbox where id like 'old%'")).Count == 0);
        Assert.Contains("newer", await ReadAsync(tenant, "select id from hyperconn_inbox"));
    }

    [SkippableFact]
    public async Task A_lock_that_is_held_for_a_while_costs_a_retry_and_not_the_event()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var source = new MemorySource().Add(Event(tenant, "1")).End();
        var blocking = new NpgsqlDataSourceBuilder(Settings(tenant).ConnectionString).Build();
        await using var connection = await blocking.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("lock table events in access exclusive mode", connection, transaction))
            await command.ExecuteNonQueryAsync();
        var statements = new Dictionary<string, string>(StringComparer.Ordinal) { ["default"] = "set local lock_timeout = '50ms'; " + Statements["default"] };
        await using var host = await EventsHost.StartAsync(provisioner, source, s => s.AddTenantEventHandler(new SqlStatementHandler(statements)));
        await UntilAsync(() => Task.FromResult(host.Worker.GetStatistics().Retries > 0));
        await transaction.RollbackAsync();

        var s = await host.RunToEndAsync();
        Assert.Equal((1, 0), (s.Handled, s.Rejected));
        Assert.Equal("55P03", Assert.Single(s.Causes).Code);
        await blocking.DisposeAsync();
    }

    private static IEnumerable<(string Name, Action<IServiceCollection> Add, Action<AkkaConfigurationBuilder>? Akka)> Ways()
    {
        yield return ("statements", s => s.AddTenantEventHandler(new SqlStatementHandler(Statements)), null);
        yield return ("handler", s => s.AddTenantEventHandler<Inserter>(), null);
        yield return ("ask", s => s.AddTenantEvents(), akka => akka
            .WithActors((system, registry) => registry.Register<InsertingActor>(system.ActorOf(Props.Create(() => new InsertingActor(false)))))
            .WithTenantEvents<InsertingActor>());
        yield return ("tell", s => s.AddTenantEvents(), akka => akka
            .WithActors((system, registry) => registry.Register<InsertingActor>(system.ActorOf(Props.Create(() => new InsertingActor(true)))))
            .WithTenantEvents<InsertingActor>());
    }

    private static TenantEvent Event(ProvisionedTenant tenant, string id, string type = "default") => new(tenant.Key, type, id, "null");

    private static NpgsqlConnectionStringBuilder Settings(ProvisionedTenant tenant)
    {
        var settings = PostgresUri.Parse(tenant.ConnectionUri).ToNpgsql();
        settings.Pooling = false;
        return settings;
    }

    private static async Task<List<string>> ReadAsync(ProvisionedTenant tenant, string sql)
    {
        await using var source = NpgsqlDataSource.Create(Settings(tenant));
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(reader.GetString(0));
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private async Task AdminAsync(ProvisionedTenant tenant, string sql)
    {
        var settings = postgres.Server.Admin(tenant.Database);
        settings.Pooling = false;
        await using var source = NpgsqlDataSource.Create(settings);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
            await Task.Delay(20, patience.Token);
    }

    private static async Task InsertAsync(TenantEventContext context, CancellationToken cancellationToken)
    {
        await using var command = context.CreateCommand("insert into events (tenant, payload) values ($1, $2)");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = context.Event.Tenant.Org });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = context.Event.Id });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed class Inserter : ITenantEventHandler
    {
        public Task HandleAsync(TenantEventContext context, CancellationToken cancellationToken) => InsertAsync(context, cancellationToken);
    }

    private sealed class InsertingActor : ReceiveActor
    {
        public InsertingActor(bool acknowledges) => Receive<HandleTenantEvent>(message =>
        {
            if (acknowledges)
            {
                InsertAsync(message.Context, message.Cancellation).ContinueWith(
                    done =>
                    {
                        if (done.Exception is { InnerException: { } error })
                            message.Fail(error);
                        else
                            message.Acknowledge();
                    },
                    TaskScheduler.Default);
            }
            else
            {
                InsertAsync(message.Context, message.Cancellation).PipeTo(
                    Sender, success: () => TenantEventHandled.Instance, failure: error => new Status.Failure(error));
            }
        });
    }
}
