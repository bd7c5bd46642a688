using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>Log lines of secrets, event ids 2000 to 2099. None takes a secret's text as an argument.</summary>
internal static partial class SecretLog
{
    [LoggerMessage(2000, LogLevel.Debug, "Fetched secret of {Org}, version {Version}", EventName = "SecretFetched")]
    public static partial void Fetched(ILogger logger, string org, string version);

    [LoggerMessage(2001, LogLevel.Information, "Secret of {Org} changed from version {OldVersion} to {NewVersion}", EventName = "SecretChanged")]
    public static partial void Changed(ILogger logger, string org, string oldVersion, string newVersion);

    [LoggerMessage(2002, LogLevel.Warning, "Secret of {Org} can't be had ({Code}): {Reason}", EventName = "SecretFetchFailed")]
    public static partial void FetchFailed(ILogger logger, string org, HyperConnErrorCode code, string reason);

    [LoggerMessage(2003, LogLevel.Warning, "Refresh of the secret of {Org} failed ({Code}), version {Version} goes on serving: {Reason}", EventName = "SecretRefreshFailed")]
    public static partial void RefreshFailed(ILogger logger, string org, HyperConnErrorCode code, string version, string reason);

    [LoggerMessage(2004, LogLevel.Warning, "Secret of {Org} was fetched again {Count} times within a minute because logins were refused; what is cached goes on serving", EventName = "SecretRefetchLimited")]
    public static partial void RefetchLimited(ILogger logger, string org, int count);

    [LoggerMessage(2005, LogLevel.Warning, "The secret store asks for fewer calls; pace is now {CallsPerSecond} a second", EventName = "SecretStoreThrottled")]
    public static partial void Throttled(ILogger logger, double callsPerSecond);

    [LoggerMessage(2006, LogLevel.Error, "The secret store is down, cached secrets go on serving; next try at {RetryAt}: {Reason}", EventName = "SecretStoreDown")]
    public static partial void StoreDown(ILogger logger, DateTimeOffset retryAt, string reason);

    [LoggerMessage(2007, LogLevel.Information, "The secret store answers again", EventName = "SecretStoreUp")]
    public static partial void StoreUp(ILogger logger);

    [LoggerMessage(2008, LogLevel.Information, "Refreshed {Secrets} secrets in {StoreCalls} calls: {Changed} changed, {Failed} failed", EventName = "SecretsRefreshed")]
    public static partial void AllRefreshed(ILogger logger, int secrets, int storeCalls, int changed, int failed);

    [LoggerMessage(2009, LogLevel.Error, "The secret store threw {ExceptionType} instead of answering with a failure", EventName = "SecretStoreThrew")]
    public static partial void StoreThrew(ILogger logger, string exceptionType);

    [LoggerMessage(2020, LogLevel.Warning, "BatchGetSecretValue is not allowed to these AWS credentials; single calls stand in for {Period}", EventName = "SecretBatchRefused")]
    public static partial void BatchRefused(ILogger logger, TimeSpan period);

    [LoggerMessage(2030, LogLevel.Warning, "Secrets file {Path} can't be read ({Fault}); what was read last goes on serving", EventName = "SecretFileFaulty")]
    public static partial void FileFaulty(ILogger logger, string path, string fault);

    [LoggerMessage(2031, LogLevel.Information, "Secrets file {Path} read again: {Changed} secrets changed", EventName = "SecretFileReloaded")]
    public static partial void FileReloaded(ILogger logger, string path, int changed);

    [LoggerMessage(2032, LogLevel.Warning, "Changes of {Path} can't be watched ({ExceptionType}); they are noticed when a secret is read", EventName = "SecretFileNotWatched")]
    public static partial void FileNotWatched(ILogger logger, string path, string exceptionType);
}
