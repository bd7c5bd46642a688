using HyperConn.EntityFrameworkCore;
using HyperConn.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace HyperConn.Tests;

[Collection(ShopServerCollection.Name)]
public class BudgetTests(ShopServer server, ITestOutputHelper output)
{
    private const int Limit = 20;
    private const int Workers = 64;

    /// <summary>Contexts from EF's pool and from none, sync and async, short uses and transactions; one in eight gives up.</summary>
    [SkippableFact]
    public async Task Sixty_four_workers_on_two_hundred_tenants_never_have_a_session_more_than_the_budget_nor_meet_another_tenant()
    {
        await using var host = await EfHost.StartAsync(server.Secrets(), Contexts, o =>
        {
            o.Servers.MaxConnections = Limit;
            o.Pools.MaxPools = 100;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60);
        });
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => host.Server);
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(60), () => $"{host.Server?.Waiting} wait, {host.Server?.Granted} granted.");
        var pooled = host.Services.GetRequiredService<ITenantDbContextFactory<PooledShop>>();
        var (used, gaveUp) = (0, 0);

        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            while (!end.IsCancellationRequested)
            {
                var tenant = server.Tenants[(int)(server.Tenants.Count * Math.Pow(random.NextDouble(), 2))];
                using var patience = new CancellationTokenSource();
                if (random.Next(8) == 0)
                    patience.CancelAfter(random.Next(100));
                try
                {
                    if (random.Next(2) == 0)
                    {
                        await using var shop = pooled.CreateDbContext(tenant.Key);
                        await UseAsync(shop, tenant.Schema, random, patience.Token);
                    }
                    else
                    {
                        await using var shop = host.Shops.CreateDbContext(tenant.Key);
                        await UseAsync(shop, tenant.Schema, random, patience.Token);
                    }

                    Interlocked.Increment(ref used);
                }
                catch (OperationCanceledException) when (patience.IsCancellationRequested)
                {
                    Interlocked.Increment(ref gaveUp);
                }

                watchdog.Step();
            }
        })));

        await watchdog.AssertNoStallAsync();
        output.WriteLine($"{used} contexts used, {gaveUp} gave up, {watch.Samples} samples, peak {watch.Peak} sessions.");
        Assert.True(used > Workers, $"Only {used} contexts were used.");
        await host.NoLeasesAsync();
        watch.AssertNeverExceeded();
        Assert.InRange(watch.Peak, 2, Limit);
        var statistics = (await host.Pools.GetStatisticsAsync()).Servers.Single();
        Assert.Equal((0, 0), (statistics.InUse, statistics.Waiting));
    }

    private static void Contexts(IServiceCollection services) =>
        services.AddTenantDbContext<ShopContext>().AddPooledTenantDbContextFactory<PooledShop>(poolSize: 8);

    private static async Task UseAsync(DbContext shop, string schema, Random random, CancellationToken stop)
    {
        var whose = shop.Database.SqlQuery<string>($"""select current_schema()::text as "Value" """);
        if (random.Next(4) == 0)
        {
            // Explicitly opened, and left so: the context's end is the lease's.
            await shop.Database.OpenConnectionAsync(stop);
        }
        else if (random.Next(3) == 0)
        {
            await using var transaction = await shop.Database.BeginTransactionAsync(stop);
            Assert.Equal(schema, await whose.SingleAsync(stop));
            shop.Add(new Order { Tenant = schema });
            await shop.SaveChangesAsync(stop);
            await transaction.RollbackAsync(stop);
        }

        var found = random.Next(3) == 0 ? whose.Single() : await whose.SingleAsync(stop);
        Assert.Equal(schema, found);
    }
}

/// <summary>The same shop, in contexts that are used again.</summary>
public sealed class PooledShop(DbContextOptions<PooledShop> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Order>().Property(order => order.Id).UseHiLo("order_ids");
}
