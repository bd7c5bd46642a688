using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.Tests.Hosting;

/// <summary>A scope of the container works for one tenant.</summary>
public class TenantAccessorSpecs
{
    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    [Fact]
    public void Each_scope_has_its_own_tenant()
    {
        using var container = Container();
        using var one = container.CreateScope();
        using var other = container.CreateScope();
        TenantOf(one).Tenant = Acme;
        Assert.Equal(Acme, TenantOf(one).Required);
        Assert.Null(TenantOf(other).Tenant);
    }

    [Fact]
    public void A_scope_never_works_for_two_tenants()
    {
        using var container = Container();
        using var scope = container.CreateScope();
        TenantOf(scope).Tenant = Acme;
        TenantOf(scope).Tenant = TenantKey.Create("core", "acme");
        Assert.Throws<InvalidOperationException>(() => TenantOf(scope).Tenant = TenantKey.Create("core", "globex"));
        Assert.Throws<InvalidOperationException>(() => TenantOf(scope).Tenant = null);
        Assert.Equal(Acme, TenantOf(scope).Tenant);
    }

    [Fact]
    public void A_scope_without_a_tenant_says_what_to_do()
    {
        using var container = Container();
        using var scope = container.CreateScope();
        var missing = Assert.Throws<InvalidOperationException>(() => TenantOf(scope).Required);
        Assert.Contains("ITenantAccessor.Tenant", missing.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => TenantOf(scope).Tenant = default(TenantKey));
    }

    private static ServiceProvider Container() =>
        new ServiceCollection().AddHyperConn().BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true });

    private static ITenantAccessor TenantOf(IServiceScope scope) => scope.ServiceProvider.GetRequiredService<ITenantAccessor>();
}
