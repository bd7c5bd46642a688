namespace HyperConn.Pools;

/// <summary>What an operator's target concerns.</summary>
internal static class OperatorTargets
{
    /// <summary>Whether a tenant is meant. One without a live pool is on no server.</summary>
    public static bool IsOf(this TenantDataSource handle, OperatorTarget target) => target switch
    {
        OperatorTarget.Tenant tenant => handle.Tenant == tenant.Key,
        OperatorTarget.Server server => handle.Current?.Endpoints.Contains(server.Endpoint) == true,
        _ => true,
    };
}
