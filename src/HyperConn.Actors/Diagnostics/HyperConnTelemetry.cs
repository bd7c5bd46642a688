using System.Diagnostics;

namespace HyperConn;

/// <summary>Names under which telemetry appears: give them to OpenTelemetry's <c>AddMeter</c> and <c>AddSource</c>.</summary>
public static class HyperConnTelemetry
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "HyperConn";

    /// <summary>Name of the activity source.</summary>
    public const string ActivitySourceName = "HyperConn";

    internal const string TagPath = "hyperconn.path";
    internal const string TagOutcome = "hyperconn.outcome";
    internal const string TagState = "hyperconn.state";
    internal const string TagReason = "hyperconn.reason";
    internal const string TagScope = "hyperconn.scope";
    internal const string TagService = "hyperconn.tenant.service";
    internal const string TagOrg = "hyperconn.tenant.org";
    internal const string TagServerAddress = "server.address";
    internal const string TagServerPort = "server.port";

    private const string Acquire = "hyperconn.acquire";

    private static readonly ActivitySource Source = new(ActivitySourceName);

    /// <summary>
    /// Span over one cold acquisition. Null, and free, while nobody listens; null too inside the span of one. The hot path starts none.
    /// </summary>
    internal static Activity? StartAcquire(TenantKey tenant, bool tenantLabels) =>
        Activity.Current is { OperationName: Acquire } current && current.Source == Source ? null : Start(Acquire, tenant, tenantLabels);

    /// <summary>Span over the wait for the tenant's pool: secret look-up and parse. Child of the current span.</summary>
    internal static Activity? StartResolve(TenantKey tenant, bool tenantLabels) => Start("hyperconn.resolve", tenant, tenantLabels);

    /// <summary>Span over opening the connection; Npgsql's own become its children.</summary>
    internal static Activity? StartConnect(string? server)
    {
        var activity = Source.StartActivity("hyperconn.connect", ActivityKind.Client);
        if (activity is { IsAllDataRequested: true } && server is not null)
            TagServer(activity, server);
        return activity;
    }

    /// <summary>Span over one call of the secret store, shared by all who wait for it, hence linked rather than nested.</summary>
    internal static Activity? StartSecretCall(int secrets)
    {
        var activity = Source.StartActivity("hyperconn.secret.fetch", ActivityKind.Client);
        activity?.SetTag("hyperconn.secret.batch.size", secrets);
        return activity;
    }

    /// <summary>Marks a span as failed with a stable code; messages stay out, they may be long.</summary>
    internal static void Fail(this Activity? activity, HyperConnErrorCode code)
    {
        if (activity is null)
            return;
        activity.SetTag("error.type", code.ToString());
        activity.SetStatus(ActivityStatusCode.Error);
    }

    internal static (string Address, int Port) SplitServer(string server)
    {
        var colon = server.LastIndexOf(':');
        return colon > 0 && int.TryParse(server.AsSpan(colon + 1), out var port)
            ? (server[..colon].Trim('[', ']'), port)
            : (server, 5432);
    }

    private static void TagServer(Activity activity, string server)
    {
        var (address, port) = SplitServer(server);
        activity.SetTag(TagServerAddress, address);
        activity.SetTag(TagServerPort, port);
    }

    private static Activity? Start(string name, TenantKey tenant, bool tenantLabels)
    {
        var activity = Source.StartActivity(name);
        if (tenantLabels && activity is { IsAllDataRequested: true })
        {
            activity.SetTag(TagService, tenant.Service);
            activity.SetTag(TagOrg, tenant.Org);
        }

        return activity;
    }
}
