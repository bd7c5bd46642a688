using System.Diagnostics;

namespace HyperConn.Opening;

/// <summary>The spans of a cold acquisition. Null, and free, while nobody listens; the hot path starts none.</summary>
internal static class AcquireSpans
{
    private const string Acquire = "hyperconn.acquire";

    /// <summary>Span over one cold acquisition; null inside the span of one.</summary>
    public static Activity? StartAcquire(TenantKey tenant, bool tenantLabels) =>
        Activity.Current is { OperationName: Acquire } current && current.Source == HyperConnTelemetry.Source
            ? null
            : Start(Acquire, tenant, tenantLabels);

    /// <summary>Span over the wait for the tenant's pool: secret look-up and parse. Child of the current span.</summary>
    public static Activity? StartResolve(TenantKey tenant, bool tenantLabels) => Start("hyperconn.resolve", tenant, tenantLabels);

    /// <summary>Span over opening the connection, with the server where there is only one; Npgsql's own become its children.</summary>
    public static Activity? StartConnect(IReadOnlyList<ServerEndpoint> servers)
    {
        var activity = HyperConnTelemetry.Source.StartActivity("hyperconn.connect", ActivityKind.Client);
        if (activity is { IsAllDataRequested: true } && servers is [var server])
        {
            activity.SetTag(HyperConnTelemetry.TagServerAddress, server.Host);
            activity.SetTag(HyperConnTelemetry.TagServerPort, server.Port);
        }

        return activity;
    }

    private static Activity? Start(string name, TenantKey tenant, bool tenantLabels)
    {
        var activity = HyperConnTelemetry.Source.StartActivity(name);
        if (tenantLabels && activity is { IsAllDataRequested: true })
        {
            activity.SetTag(HyperConnTelemetry.TagService, tenant.Service);
            activity.SetTag(HyperConnTelemetry.TagOrg, tenant.Org);
        }

        return activity;
    }
}
