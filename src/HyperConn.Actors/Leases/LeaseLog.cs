using Microsoft.Extensions.Logging;

namespace HyperConn.Leases;

/// <summary>Log messages of leases: event id 1026.</summary>
internal static partial class LeaseLog
{
    [LoggerMessage(1026, LogLevel.Information,
        "A connection of {Tenant} to {Server} broke: idle ones of all tenants are asked before they are handed out, until one that is as old answers", EventName = "ServerInDoubt")]
    public static partial void ServerInDoubt(ILogger logger, string server, TenantKey tenant);
}
