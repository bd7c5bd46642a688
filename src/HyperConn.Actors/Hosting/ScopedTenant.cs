namespace HyperConn.Hosting;

/// <summary>Keeps the tenant of a scope.</summary>
internal sealed class ScopedTenant : ITenantAccessor
{
    private TenantKey? _tenant;

    public TenantKey? Tenant
    {
        get => _tenant;
        set
        {
            if (_tenant is { } before && before != value)
                throw new InvalidOperationException("This scope has a tenant already. Work for another tenant in a scope of its own.");
            if (value is { IsDefault: true })
                throw new InvalidOperationException("default(TenantKey) is no tenant. Make one with TenantKey.Create.");
            _tenant = value;
        }
    }
}
