using System.Data.Common;
using System.Transactions;
using HyperConn.EntityFrameworkCore;
using HyperConn.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.Tests;

[Collection(ShopServerCollection.Name)]
public sealed class ContextTests(ShopServer server) : IAsyncLifetime
{
    private EfHost? _host;

    private EfHost Host => _host!;

    private TenantKey Tenant => server.Tenants[0].Key;

    private TenantKey Other => server.Tenants[1].Key;

    public async Task InitializeAsync()
    {
        try
        {
            _host = await EfHost.StartAsync(server.Secrets());
        }
        catch (SkipException)
        {
            // Each test asks for the server, and says why there is none.
        }
    }

    public async Task DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
    }

    [SkippableFact]
    public async Task A_scope_has_the_context_of_its_tenant_which_may_be_set_after_it_was_resolved()
    {
        foreach (var tenant in server.Tenants.Take(2))
        {
            await using var scope = Host.Services.CreateAsyncScope();
            var shop = scope.ServiceProvider.GetRequiredService<ShopContext>();
            scope.ServiceProvider.GetRequiredService<ITenantAccessor>().Tenant = tenant.Key;

            Assert.Equal(tenant.Schema, await shop.Schema.SingleAsync());
            Assert.Equal(tenant.Key, shop.Database.GetTenant());
        }
    }

    [SkippableFact]
    public async Task A_scope_without_a_tenant_has_a_context_that_says_so_when_it_is_used()
    {
        Assert.NotEmpty(server.Tenants);
        await using var scope = Host.Services.CreateAsyncScope();
        var shop = scope.ServiceProvider.GetRequiredService<ShopContext>();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => shop.Orders.CountAsync());

        Assert.Contains("ITenantAccessor.Tenant", error.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_saved_is_there_and_each_use_of_the_connection_is_a_lease_that_ends(bool async)
    {
        int id;
        await using (var shop = Host.Shops.CreateDbContext(Tenant))
        {
            var order = new Order { Tenant = "saved", Lines = { new Line { Article = "tea" }, new Line { Article = "milk" } } };
            shop.Add(order);
            Assert.Equal(3, async ? await shop.SaveChangesAsync() : shop.SaveChanges());
            Assert.Equal(0, await Host.LeasesAsync());
            id = order.Id;
        }

        await using (var shop = Host.Shops.CreateDbContext(Tenant))
        {
            var query = shop.Orders.Include(order => order.Lines).AsSplitQuery().Where(order => order.Id == id);
            var found = async ? await query.SingleAsync() : query.Single();
            Assert.Equal(["milk", "tea"], found.Lines.Select(line => line.Article).Order());
            found.Tenant = "changed";
            shop.RemoveRange(found.Lines);
            Assert.Equal(3, async ? await shop.SaveChangesAsync() : shop.SaveChanges());
        }

        await using var other = Host.Shops.CreateDbContext(Other);
        Assert.Equal(0, await other.Orders.CountAsync(order => order.Tenant == "changed"));
        Assert.Equal(0, await Host.LeasesAsync());
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transaction_holds_one_lease_and_rolls_back_to_its_savepoint(bool async)
    {
        await using var shop = Host.Shops.CreateDbContext(Tenant);
        await using (var transaction = async ? await shop.Database.BeginTransactionAsync() : shop.Database.BeginTransaction())
        {
            shop.Add(new Order { Tenant = "kept" });
            _ = async ? await shop.SaveChangesAsync() : shop.SaveChanges();
            await transaction.CreateSavepointAsync("here");
            var executed = async
                ? await shop.Database.ExecuteSqlAsync($"""insert into "Orders" ("Id", "Tenant") values (-1, {"lost"})""")
                : shop.Database.ExecuteSql($"""insert into "Orders" ("Id", "Tenant") values (-1, {"lost"})""");
            Assert.Equal(1, executed);
            await transaction.RollbackToSavepointAsync("here");
            Assert.Equal(1, await Host.LeasesAsync());

            // A failed SaveChanges goes back to a savepoint of EF's own; the transaction goes on.
            shop.Add(new Line { Article = "nobody's", OrderId = int.MaxValue });
            await Assert.ThrowsAsync<DbUpdateException>(() => shop.SaveChangesAsync());
            shop.ChangeTracker.Clear();
            if (async)
                await transaction.CommitAsync();
            else
                transaction.Commit();
        }

        Assert.Equal(0, await Host.LeasesAsync());
        Assert.Equal(["kept"], await shop.Orders.Where(order => order.Tenant == "kept" || order.Tenant == "lost").Select(order => order.Tenant).ToListAsync());
        await shop.Orders.Where(order => order.Tenant == "kept").ExecuteDeleteAsync();
    }

    [SkippableFact]
    public async Task Two_contexts_of_a_tenant_share_a_transaction_and_those_of_two_tenants_cannot()
    {
        await using var one = Host.Shops.CreateDbContext(Tenant);
        await using var two = Host.Shops.CreateDbContext(Tenant);
        await using var other = Host.Shops.CreateDbContext(Other);
        await using var transaction = await one.Database.BeginTransactionAsync();
        one.Add(new Order { Tenant = "shared" });
        await one.SaveChangesAsync();

        two.Database.SetDbConnection(one.Database.GetDbConnection());
        await two.Database.UseTransactionAsync(transaction.GetDbTransaction());

        Assert.Equal(1, await two.Orders.CountAsync(order => order.Tenant == "shared"));
        Assert.Throws<NotSupportedException>(() => other.Database.SetDbConnection(one.Database.GetDbConnection()));
        Assert.Throws<NotSupportedException>(() => other.Database.SetConnectionString("Host=elsewhere"));
    }

    [SkippableFact]
    public async Task A_stream_holds_its_lease_to_the_end_or_to_where_its_reader_stops()
    {
        await using var shop = Host.Shops.CreateDbContext(Tenant);
        var rows = shop.Database.SqlQuery<int>($"""select generate_series(1, 5000) as "Value" """);
        var sum = 0;
        await foreach (var row in rows.AsAsyncEnumerable())
        {
            if (row == 2500)
                Assert.Equal(1, await Host.LeasesAsync());
            sum += row;
        }

        await foreach (var row in rows.AsAsyncEnumerable())
        {
            if (row == 10)
                break;
        }

        Assert.Equal(12_502_500, sum);
        Assert.Equal(0, await Host.LeasesAsync());
    }

    [SkippableTheory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task An_ambient_transaction_takes_in_all_of_a_tenants_contexts(bool complete, bool async)
    {
        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            for (var saved = 0; saved < 2; saved++)
            {
                await using var shop = Host.Shops.CreateDbContext(Tenant);
                shop.Add(new Order { Tenant = "ambient" });
                _ = async ? await shop.SaveChangesAsync() : shop.SaveChanges();
            }

            if (complete)
                scope.Complete();
        }

        await Host.NoLeasesAsync();
        await using var after = Host.Shops.CreateDbContext(Tenant);
        Assert.Equal(complete ? 2 : 0, await after.Orders.CountAsync(order => order.Tenant == "ambient"));
        await after.Orders.Where(order => order.Tenant == "ambient").ExecuteDeleteAsync();
    }

    [SkippableFact]
    public async Task Interceptors_see_connections_commands_and_transactions_and_cannot_put_another_tenants_connection_in_place()
    {
        var seen = new Seen();
        await using var host = await EfHost.StartAsync(
            server.Secrets(), services => services.AddTenantDbContextPool<ShopContext>(options: (_, o) => o.AddInterceptors(seen)));
        await using (var shop = host.Shops.CreateDbContext(Tenant))
        {
            await using var transaction = await shop.Database.BeginTransactionAsync();
            Assert.Equal(0, await shop.Orders.CountAsync(order => order.Tenant == "none"));
        }

        Assert.Equal(["opened core/tenant0001", "started", "read", "closed"], seen.Events);
        seen.Instead = host.Pools.CreateConnection(Other);
        await using var tricked = host.Shops.CreateDbContext(server.Tenants[2].Key);
        await Assert.ThrowsAsync<NotSupportedException>(() => tricked.Orders.CountAsync());
    }

    private sealed class Seen : DbConnectionInterceptor, IDbCommandInterceptor, IDbTransactionInterceptor
    {
        public List<string> Events { get; } = [];

        public DbConnection? Instead { get; set; }

        public override InterceptionResult<DbConnection> ConnectionCreating(ConnectionCreatingEventData eventData, InterceptionResult<DbConnection> result) =>
            Instead is { } other ? InterceptionResult<DbConnection>.SuppressWithResult(other) : result;

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            Events.Add($"opened {eventData.Context!.Database.GetTenant()}");
            return Task.CompletedTask;
        }

        public override Task ConnectionClosedAsync(DbConnection connection, ConnectionEndEventData eventData)
        {
            Events.Add("closed");
            return Task.CompletedTask;
        }

        public ValueTask<DbTransaction> TransactionStartedAsync(
            DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
        {
            Events.Add("started");
            return new ValueTask<DbTransaction>(result);
        }

        public ValueTask<DbDataReader> ReaderExecutedAsync(
            DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
        {
            Events.Add("read");
            return new ValueTask<DbDataReader>(result);
        }
    }
}
