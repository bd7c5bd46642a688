using Microsoft.Extensions.Logging;

namespace HyperConn.Servers;

/// <summary>Log messages of server budgets: event ids 3000–3099.</summary>
internal static partial class BudgetLog
{
    [LoggerMessage(3000, LogLevel.Information,
        "Server {Server} has {MaxConnections} connection slots, {Reserved} of them reserved; the budget is {Limit}.")]
    public static partial void CapacityRead(ILogger logger, string server, int maxConnections, int reserved, int limit);

    [LoggerMessage(3001, LogLevel.Warning,
        "Server {Server}: the declared limit of {Limit} connections exceeds the {Capacity} slots the server has for ordinary users. Lower Servers.MaxConnections, unless a pooler stands in between.")]
    public static partial void LimitAboveCapacity(ILogger logger, string server, int limit, int capacity);

    [LoggerMessage(3002, LogLevel.Warning,
        "Server {Server} has no slot left (53300) with {Granted} permits out: others use it too. The budget is {Limit} for now.")]
    public static partial void ServerFull(ILogger logger, string server, int granted, int limit);

    [LoggerMessage(3003, LogLevel.Information, "Server {Server}: the budget has recovered to {Limit} connections.")]
    public static partial void CeilingRecovered(ILogger logger, string server, int limit);

    [LoggerMessage(3004, LogLevel.Debug,
        "Server {Server}: asked {Holders} pools to give back {Permits} idle permits; {Wanted} more are wanted from leases that end.")]
    public static partial void Reclaiming(ILogger logger, string server, int holders, int permits, int wanted);

    [LoggerMessage(3006, LogLevel.Warning, "Server {Server}: {Fault} Floors shrink to each tenant's equal share until they fit.")]
    public static partial void FloorsDontFit(ILogger logger, string server, string fault);

    [LoggerMessage(3007, LogLevel.Debug, "Server {Server}: {Holders} pools did not answer a request to give back idle permits in time.")]
    public static partial void ReclaimTimedOut(ILogger logger, string server, int holders);

    [LoggerMessage(3008, LogLevel.Error,
        "Server {Server}: a pool of {Tenant} gave back {Count} permits but held {Held}. Please report this; the budget goes on with what it counted.")]
    public static partial void ReturnedTooMany(ILogger logger, string server, TenantKey tenant, int count, int held);

    [LoggerMessage(3009, LogLevel.Information,
        "Server {Server} is a connection pooler, which does not tell how many clients it takes; the budget is {Limit}. Declare Servers.MaxConnections below its own limit (PgBouncer: max_client_conn).")]
    public static partial void PoolerFound(ILogger logger, string server, int limit);
}
