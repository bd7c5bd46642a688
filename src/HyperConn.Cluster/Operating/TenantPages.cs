using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Operating;

/// <summary>Cuts a node's statistics into messages.</summary>
internal static class TenantPages
{
    /// <summary>All but the tenants.</summary>
    public static StatisticsTaken WithoutTenants(HyperConnStatistics statistics) => new(statistics with
    {
        Tenants = [],
        Servers = WireSize.Fitting(statistics.Servers, server => WireSize.Of(server.Server)),
        Circuits = WireSize.Fitting(
            statistics.Circuits.Select(circuit => circuit with { Failure = WireSize.Shortened(circuit.Failure) }), WireSize.Of, WireSize.MaxSmallList),
        Restrictions = WireSize.Fitting(statistics.Restrictions, WireSize.Of, WireSize.MaxSmallList),
    });

    /// <summary>The page of tenants that begins at an offset.</summary>
    /// <param name="tenants">The whole list.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="list">The list's number.</param>
    public static TenantsPage Of(IReadOnlyList<TenantStatistics> tenants, int offset, long list)
    {
        var from = Math.Clamp(offset, 0, tenants.Count);
        var page = WireSize.Fitting(tenants.Skip(from).Select(Shortened), WireSize.Of);
        var next = from + page.Count;
        return new TenantsPage(page, next < tenants.Count ? next : null, list);
    }

    private static TenantStatistics Shortened(TenantStatistics tenant) =>
        tenant.LastFailure is { } failure ? tenant with { LastFailure = WireSize.Shortened(failure) } : tenant;
}
