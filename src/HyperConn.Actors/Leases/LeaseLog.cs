using Microsoft.Extensions.Logging;

namespace HyperConn.Leases;

/// <summary>Log messages of leases: event ids 1026–1029.</summary>
internal static partial class LeaseLog
{
    [LoggerMessage(1026, LogLevel.Warning, "Connections of several tenants to {Server} broke; those that are idle are closed", EventName = "ConnectionsSuspect")]
    public static partial void ConnectionsSuspect(ILogger logger, string server);
}
