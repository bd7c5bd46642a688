using HyperConn.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>What happens to contexts while pools, passwords, sessions and managers come and go.</summary>
[Collection(ShopServerCollection.Name)]
public class LifetimeTests(ShopServer server)
{
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_waits_too_long_for_the_budget_is_told_by_a_transient_error(bool async)
    {
        await using var host = await EfHost.StartAsync(server.Secrets(), configure: o =>
        {
            o.Servers.MaxConnections = 1;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(1);
        });
        await using var holder = host.Shops.CreateDbContext(server.Tenants[0].Key);
        await holder.Database.OpenConnectionAsync();
        await using var shop = host.Shops.CreateDbContext(server.Tenants[1].Key);

        // Without a strategy that retries, the provider wraps what is transient to say that there is one.
        var error = async
            ? await Assert.ThrowsAsync<InvalidOperationException>(() => shop.Orders.CountAsync())
            : Assert.Throws<InvalidOperationException>(() => shop.Orders.Count());

        var cause = Assert.IsType<HyperConnException>(error.InnerException);
        Assert.Equal((HyperConnErrorCode.BudgetTimedOut, true), (cause.Code, cause.IsTransient));
        await holder.Database.CloseConnectionAsync();
        Assert.Equal(0, await shop.Orders.CountAsync(order => order.Id < 0));
    }

    [SkippableFact]
    public async Task Who_waits_for_the_budget_can_be_cancelled_and_leaves_nothing_behind()
    {
        await using var host = await EfHost.StartAsync(server.Secrets(), configure: o => o.Servers.MaxConnections = 1);
        await using var holder = host.Shops.CreateDbContext(server.Tenants[0].Key);
        await holder.Database.OpenConnectionAsync();
        await using var shop = host.Shops.CreateDbContext(server.Tenants[1].Key);
        using var patience = new CancellationTokenSource();

        var waiting = shop.Orders.CountAsync(patience.Token);
        await Until.TrueAsync(() => host.Server!.Waiting == 1);
        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Until.TrueAsync(() => host.Server!.Waiting == 0);
        Assert.Equal(1, await host.LeasesAsync());
    }

    [SkippableFact]
    public async Task A_context_goes_on_after_its_pool_was_evicted_and_after_its_password_changed()
    {
        await using var host = await EfHost.StartAsync(server.Secrets(), services => services.AddTenantDbContextPool<ShopContext>(poolSize: 1));
        var tenant = server.Tenants[3];
        await using var shop = host.Shops.CreateDbContext(tenant.Key);
        Assert.Equal(tenant.Schema, await shop.Schema.SingleAsync());

        await Until.TrueAsync(async () => await host.Pools.EvictAsync(tenant.Key) == EvictResult.Evicted);
        Assert.Equal(tenant.Schema, await shop.Schema.SingleAsync());

        await server.Provisioner.ChangePasswordAsync(tenant);
        var store = (MemorySecretStore)host.Services.GetRequiredService<ISecretStore>();
        store.Put(tenant.Key, tenant.ConnectionUri);
        await Until.TrueAsync(async () => await host.Pools.EvictAsync(tenant.Key) == EvictResult.Evicted);
        Assert.Equal(tenant.Schema, await shop.Schema.SingleAsync());
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_strategy_that_retries_outlives_a_killed_session(bool async)
    {
        await using var host = await EfHost.StartAsync(server.Secrets(), services => services.AddTenantDbContext<ShopContext>(n => n.EnableRetryOnFailure()));
        await using var shop = host.Shops.CreateDbContext(server.Tenants[4].Key);
        var (tries, strategy) = (0, shop.Database.CreateExecutionStrategy());

        if (async)
            await strategy.ExecuteAsync(WorkAsync);
        else
            strategy.Execute(Work);

        Assert.Equal(2, tries);
        Assert.Equal(1, await shop.Orders.CountAsync(order => order.Tenant == "retried"));
        Assert.Equal(0, await host.LeasesAsync());
        await shop.Orders.Where(order => order.Tenant == "retried").ExecuteDeleteAsync();

        async Task WorkAsync()
        {
            shop.ChangeTracker.Clear();
            await using var transaction = await shop.Database.BeginTransactionAsync();
            shop.Add(new Order { Tenant = "retried" });
            await shop.SaveChangesAsync();
            if (++tries == 1)
                await KillAsync(((TenantConnection)shop.Database.GetDbConnection()).Npgsql.ProcessID);
            await transaction.CommitAsync();
        }

        void Work()
        {
            shop.ChangeTracker.Clear();
            using var transaction = shop.Database.BeginTransaction();
            shop.Add(new Order { Tenant = "retried" });
            shop.SaveChanges();
            if (++tries == 1)
                KillAsync(((TenantConnection)shop.Database.GetDbConnection()).Npgsql.ProcessID).GetAwaiter().GetResult();
            transaction.Commit();
        }
    }

    [SkippableFact]
    public async Task A_strategy_that_retries_gives_up_at_once_on_what_does_not_pass()
    {
        await using var host = await EfHost.StartAsync(server.Secrets(), services => services.AddTenantDbContext<ShopContext>(n => n.EnableRetryOnFailure(5)));
        Assert.NotEmpty(server.Tenants);
        await using var shop = host.Shops.CreateDbContext(TenantKey.Create("core", "unknown"));

        var error = await Assert.ThrowsAsync<HyperConnException>(() => shop.Orders.CountAsync());

        Assert.Equal(HyperConnErrorCode.SecretNotFound, error.Code);
    }

    [SkippableFact]
    public async Task An_actor_system_that_ends_under_an_open_context_leaves_no_session()
    {
        var tenant = server.Tenants[5];
        await using var host = await EfHost.StartAsync(server.Secrets(), configure: o => o.Pools.DrainTimeout = TimeSpan.FromSeconds(1));
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => host.Server);
        await using var shop = host.Shops.CreateDbContext(tenant.Key);
        await shop.Database.OpenConnectionAsync();

        await host.Actors.Terminate();

        await watch.AssertNoneAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => shop.Orders.CountAsync());
        await using var late = host.Shops.CreateDbContext(tenant.Key);
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => late.Orders.CountAsync());
        Assert.Equal(HyperConnErrorCode.ShuttingDown, refused.Code);
    }

    private async Task KillAsync(int session)
    {
        await using var admin = NpgsqlDataSource.Create(server.Server.Admin());
        await using var command = admin.CreateCommand("select pg_terminate_backend($1, 10000)");
        command.Parameters.AddWithValue(session);
        await command.ExecuteNonQueryAsync();
    }
}
