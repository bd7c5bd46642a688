using Microsoft.Extensions.Logging;

namespace HyperConn.Pools;

/// <summary>The lifecycle of pools in the log. Ids are stable; no message has a secret.</summary>
internal static partial class PoolLog
{
    [LoggerMessage(1000, LogLevel.Information, "Creating pool {Tenant}", EventName = "PoolCreating")]
    public static partial void Creating(ILogger logger, TenantKey tenant);

    [LoggerMessage(1001, LogLevel.Debug, "Reusing pool {Tenant}", EventName = "PoolReused")]
    public static partial void Reusing(ILogger logger, TenantKey tenant);

    [LoggerMessage(1002, LogLevel.Information, "Pool {Tenant} is ready: {Server}, secret version {SecretVersion}", EventName = "PoolReady")]
    public static partial void Ready(ILogger logger, TenantKey tenant, string server, string secretVersion);

    [LoggerMessage(1003, LogLevel.Information, "Removing pool {Tenant}: {Reason}", EventName = "PoolRemoved")]
    public static partial void Removing(ILogger logger, TenantKey tenant, EvictionReason reason);

    [LoggerMessage(1004, LogLevel.Warning, "Pool {Tenant} can't be made ({Code}): {Explanation}", EventName = "PoolFailed")]
    public static partial void Failed(ILogger logger, TenantKey tenant, HyperConnErrorCode code, string explanation);

    [LoggerMessage(1005, LogLevel.Error, "Pool {Tenant} crashed; its connections in use go on, the next request makes it anew", EventName = "PoolCrashed")]
    public static partial void Crashed(ILogger logger, TenantKey tenant);

    [LoggerMessage(1006, LogLevel.Warning, "Cap of {Cap} pools exceeded for {Tenant}: every pool is in use", EventName = "CapExceeded")]
    public static partial void CapExceeded(ILogger logger, TenantKey tenant, int cap);

    [LoggerMessage(1007, LogLevel.Warning, "Credentials of {Tenant} have keywords without effect here: {Keywords}", EventName = "CredentialKeywordsIgnored")]
    public static partial void KeywordsIgnored(ILogger logger, TenantKey tenant, string keywords);

    [LoggerMessage(1010, LogLevel.Information, "Password of {Tenant} replaced, secret version {SecretVersion}", EventName = "PasswordRotated")]
    public static partial void PasswordRotated(ILogger logger, TenantKey tenant, string secretVersion);

    [LoggerMessage(1011, LogLevel.Information, "Generation {Generation} of {Tenant} begins, secret version {SecretVersion}; the one before drains", EventName = "GenerationStarted")]
    public static partial void GenerationStarted(ILogger logger, TenantKey tenant, int generation, string secretVersion);

    [LoggerMessage(1012, LogLevel.Error, "New credentials of {Tenant} can't be used ({Code}), the old ones go on: {Explanation}", EventName = "CredentialsRejected")]
    public static partial void CredentialsRejected(ILogger logger, TenantKey tenant, HyperConnErrorCode code, string explanation);

    [LoggerMessage(1040, LogLevel.Warning, "{Verb} of {Target} by {By}, {Affected} pools concerned: {Reason}", EventName = "OperatorCommand")]
    public static partial void Operated(ILogger logger, string verb, OperatorTarget target, string by, string reason, int affected);

    [LoggerMessage(1030, LogLevel.Information, "Draining {Pools} pools with {Leases} open leases, deadline {Deadline}", EventName = "DrainStarted")]
    public static partial void DrainStarted(ILogger logger, int pools, int leases, TimeSpan deadline);

    [LoggerMessage(1031, LogLevel.Information, "Drained", EventName = "Drained")]
    public static partial void Drained(ILogger logger);

    [LoggerMessage(1032, LogLevel.Warning, "Deadline passed with {Leases} leases open; their sessions are ended", EventName = "DrainDeadline")]
    public static partial void DrainDeadline(ILogger logger, int leases);

    [LoggerMessage(1033, LogLevel.Warning, "Sessions of {Tenant} could not be ended", EventName = "TerminateFailed")]
    public static partial void TerminateFailed(ILogger logger, TenantKey tenant, Exception? cause);

    [LoggerMessage(1034, LogLevel.Warning, "{Worker} could not be stopped before the pools are drained", EventName = "WorkerNotStopped")]
    public static partial void WorkerNotStopped(ILogger logger, string worker, Exception cause);

    [LoggerMessage(1050, LogLevel.Warning, "{Leases} leases of {Tenant} at {Server} are held for more than {Age}; the pool is not evicted meanwhile", EventName = "LeaseHeldLong")]
    public static partial void LeaseHeldLong(ILogger logger, TenantKey tenant, string server, int leases, TimeSpan age);

    [LoggerMessage(1051, LogLevel.Warning, "The oldest lease of {Tenant} was taken here:\n{Stack}", EventName = "LeaseStack")]
    public static partial void LeaseStack(ILogger logger, TenantKey tenant, string stack);
}
