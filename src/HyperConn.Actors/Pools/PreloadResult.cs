namespace HyperConn;

/// <summary>Result of <see cref="ITenantPools.PreloadAsync"/>.</summary>
public sealed record PreloadResult
{
    /// <summary>Tenants whose pool is live.</summary>
    public required int Loaded { get; init; }

    /// <summary>Tenants that failed, with the reason.</summary>
    public IReadOnlyDictionary<TenantKey, HyperConnFailure> Failures { get; init; } = new Dictionary<TenantKey, HyperConnFailure>();
}
