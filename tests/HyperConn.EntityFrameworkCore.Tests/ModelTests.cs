using HyperConn.EntityFrameworkCore;
using HyperConn.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.Tests;

/// <summary>No server is needed: nothing is opened.</summary>
public class ModelTests
{
    private static readonly TenantKey Tenant = TenantKey.Create("core", "org1");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_thousand_tenants_have_one_model_and_one_service_provider_of_EF(bool pooled)
    {
        await using var host = await EfHost.StartAsync(new MemorySecretStore(), services =>
        {
            void Options(IServiceProvider _, DbContextOptionsBuilder o) =>
                o.ConfigureWarnings(w => w.Throw(CoreEventId.ManyServiceProvidersCreatedWarning)).EnableSensitiveDataLogging();
            if (pooled)
                services.AddTenantDbContextPool<ShopContext>(options: Options);
            else
                services.AddTenantDbContext<ShopContext>(options: Options);
        });

        var made = Enumerable.Range(0, 1_000).Select(i => host.Shops.CreateDbContext(TenantKey.Create("core", $"org{i}"))).ToList();

        Assert.Single(made.Select(shop => shop.Model).Distinct());
        Assert.Single(made.Select(shop => shop.GetService<IModelRuntimeInitializer>()).Distinct());
        Assert.Equal(1_000, made.Select(shop => shop.Database.GetTenant()).Distinct().Count());
        Assert.Equal(made.Select(shop => shop.Database.GetTenant()), made.Select(shop => ((TenantConnection)shop.Database.GetDbConnection()).Tenant));
        made.ForEach(shop => shop.Dispose());
    }

    [Fact]
    public async Task A_pooled_context_keeps_its_connection_object_for_the_same_tenant_only()
    {
        await using var host = await EfHost.StartAsync(new MemorySecretStore(), services => services.AddTenantDbContextPool<ShopContext>(poolSize: 1));
        ShopContext first;
        TenantConnection kept;
        await using (first = host.Shops.CreateDbContext(Tenant))
            kept = (TenantConnection)first.Database.GetDbConnection();
        Assert.Throws<ObjectDisposedException>(() => first.Orders.Count());

        await using (var again = host.Shops.CreateDbContext(Tenant))
        {
            Assert.Same(first, again);
            Assert.Same(kept, again.Database.GetDbConnection());
        }

        await using var others = host.Shops.CreateDbContext(TenantKey.Create("core", "org2"));
        Assert.Same(first, others);
        Assert.Equal("org2", ((TenantConnection)others.Database.GetDbConnection()).Tenant.Org);
        Assert.Throws<ObjectDisposedException>(kept.Open);
    }

    [Fact]
    public async Task A_pooled_context_forgets_a_connection_that_was_put_in_place()
    {
        await using var host = await EfHost.StartAsync(new MemorySecretStore(), services => services.AddTenantDbContextPool<ShopContext>(poolSize: 1));
        using var put = host.Pools.CreateConnection(Tenant);
        await using (var shop = host.Shops.CreateDbContext(Tenant))
            shop.Database.SetDbConnection(put);

        await using var again = host.Shops.CreateDbContext(Tenant);

        Assert.NotSame(put, again.Database.GetDbConnection());
    }

    [Fact]
    public async Task Options_that_name_a_connection_are_refused_with_what_to_do()
    {
        await using var host = await EfHost.StartAsync(
            new MemorySecretStore(), services => services.AddTenantDbContext<ShopContext>(options: (_, o) => o.UseNpgsql("Host=elsewhere;Password=canary-5")));

        var error = Assert.Throws<InvalidOperationException>(() => host.Shops.CreateDbContext(Tenant));

        Assert.Contains("UseTenantNpgsql", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-5", error.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => host.Shops.CreateDbContext(default));
    }

    [Fact]
    public void A_context_is_registered_once() => Assert.Throws<InvalidOperationException>(
        () => new ServiceCollection().AddTenantDbContext<ShopContext>().AddTenantDbContextPool<ShopContext>());

    [Fact]
    public void A_context_made_by_hand_has_a_model_and_says_what_it_lacks()
    {
        using var shop = new ShopContext(new DbContextOptionsBuilder<ShopContext>().UseTenantNpgsql().Options);

        Assert.NotNull(shop.Model.FindEntityType(typeof(Order)));
        Assert.Contains("AddTenantDbContextFactory", Assert.Throws<InvalidOperationException>(() => shop.Orders.Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_hosts_in_one_process_keep_their_tenants_apart_on_one_service_provider()
    {
        await using var one = await EfHost.StartAsync(new MemorySecretStore());
        await using var two = await EfHost.StartAsync(new MemorySecretStore());

        using var ones = one.Shops.CreateDbContext(Tenant);
        using var twos = two.Shops.CreateDbContext(Tenant);

        Assert.Same(ones.Model, twos.Model);
        var (left, right) = ((EntityFrameworkCore.Provider.TenantRelationalConnection)ones.GetService<IRelationalConnection>(),
            (EntityFrameworkCore.Provider.TenantRelationalConnection)twos.GetService<IRelationalConnection>());
        Assert.Same(one.Pools, left.Pools);
        Assert.Same(two.Pools, right.Pools);
    }
}
