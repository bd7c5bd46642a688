using Microsoft.Extensions.Logging;

namespace HyperConn.Opening;

/// <summary>What opens find out about logins and servers, in the log: event ids 1020–1029. No message has a secret.</summary>
internal static partial class OpenLog
{
    [LoggerMessage(1020, LogLevel.Warning, "Login of {Tenant} refused with secret version {SecretVersion} and there is no newer one", EventName = "LoginRefused")]
    public static partial void LoginRefused(ILogger logger, TenantKey tenant, string secretVersion);

    [LoggerMessage(1021, LogLevel.Information, "Login of {Tenant} works again", EventName = "LoginRecovered")]
    public static partial void LoginRecovered(ILogger logger, TenantKey tenant);

    [LoggerMessage(1022, LogLevel.Error, "Server {Server} is away ({Code})", EventName = "ServerUnreachable")]
    public static partial void ServerUnreachable(ILogger logger, string server, HyperConnErrorCode code);

    [LoggerMessage(1023, LogLevel.Information, "Server {Server} is back", EventName = "ServerReachable")]
    public static partial void ServerReachable(ILogger logger, string server);

    [LoggerMessage(1024, LogLevel.Error, "Database of {Tenant} can't be used", EventName = "DatabaseUnavailable")]
    public static partial void DatabaseUnavailable(ILogger logger, TenantKey tenant);

    [LoggerMessage(1025, LogLevel.Error, "Server {Server} gives {Tenant} no answer, while it answers others", EventName = "TenantUnanswered")]
    public static partial void TenantUnanswered(ILogger logger, string server, TenantKey tenant);

    [LoggerMessage(1027, LogLevel.Warning, "No connection permit of {Server} for {Tenant} in time; most are held by: {Holders}", EventName = "PermitsTaken")]
    public static partial void PermitsTaken(ILogger logger, string server, TenantKey tenant, string holders);

    [LoggerMessage(1028, LogLevel.Debug, "Idle connections of {Tenant} were not opened anew ({Cause})", EventName = "IdleNotKept")]
    public static partial void NotKept(ILogger logger, TenantKey tenant, string cause);

    [LoggerMessage(1029, LogLevel.Error, "A pooler at {Server} does not take what sessions of {Tenant} start with", EventName = "StartRefused")]
    public static partial void StartRefused(ILogger logger, string server, TenantKey tenant);
}
