namespace HyperConn.AspNetCore.Sources;

/// <summary>What a place of a request says of the tenant.</summary>
/// <param name="Tenants">The tenants it names; none: it says nothing.</param>
/// <param name="IsImpossible">Whether it names something that can't be a tenant.</param>
internal readonly record struct TenantAnswer(IReadOnlyList<TenantKey> Tenants, bool IsImpossible = false)
{
    public static TenantAnswer Nothing { get; } = new([]);

    public static TenantAnswer Impossible { get; } = new([], IsImpossible: true);

    /// <summary>An organisation as text; null: it says nothing.</summary>
    public static TenantAnswer Of(string service, string? org) =>
        org is null ? Nothing : TenantKey.TryCreate(service, org, out var tenant) ? new([tenant]) : Impossible;
}
