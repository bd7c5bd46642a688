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

    /// <summary>Where each room starts its own spans.</summary>
    internal static readonly ActivitySource Source = new(ActivitySourceName);

    /// <summary>Marks a span as failed with a stable code; messages stay out, they may be long.</summary>
    internal static void Fail(this Activity? activity, HyperConnErrorCode code)
    {
        if (activity is null)
            return;
        activity.SetTag("error.type", code.ToString());
        activity.SetStatus(ActivityStatusCode.Error);
    }
}
