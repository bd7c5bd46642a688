namespace HyperConn;

/// <summary>Progress of <see cref="ITenantPools.PreloadAsync"/>.</summary>
public sealed record PreloadProgress
{
    /// <summary>Tenants done, failed ones included.</summary>
    public required int Done { get; init; }

    /// <summary>Tenants in all.</summary>
    public required int Total { get; init; }

    /// <summary>Tenants failed so far.</summary>
    public required int Failed { get; init; }

    /// <summary>The tenant just done.</summary>
    public required TenantKey Tenant { get; init; }
}
