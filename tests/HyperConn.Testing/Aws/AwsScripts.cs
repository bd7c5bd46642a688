namespace HyperConn.Testing;

/// <summary>Faults a store of secrets can have.</summary>
public static class AwsScripts
{
    /// <summary>Too many calls.</summary>
    public static AwsScript Throttle { get; } = Error(400, "ThrottlingException");

    /// <summary>The service's own fault.</summary>
    public static AwsScript InternalError { get; } = Error(500, "InternalServiceError");

    /// <summary>The credentials do not allow it.</summary>
    public static AwsScript Forbid { get; } = Error(400, "AccessDeniedException");

    /// <summary>The connection is cut.</summary>
    public static AwsScript Cut { get; } = Reply(new AwsReply(0, ""));

    /// <summary>No answer, ever.</summary>
    public static AwsScript Hang { get; } = Slow(Timeout.InfiniteTimeSpan);

    /// <summary>A given answer.</summary>
    public static AwsScript Reply(AwsReply reply) => (_, _) => Task.FromResult<AwsReply?>(reply);

    /// <summary>An error as the service words it.</summary>
    public static AwsScript Error(int status, string code, string message = "") =>
        Reply(new AwsReply(status, $$"""{"__type":"{{code}}","message":"{{message}}"}"""));

    /// <summary>The sound answer, later.</summary>
    public static AwsScript Slow(TimeSpan delay) => async (_, cancellationToken) =>
    {
        await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
        return null;
    };

    /// <summary>A script for the first calls, sound answers after them.</summary>
    public static AwsScript First(int calls, AwsScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        var left = calls;
        return (call, cancellationToken) =>
            Interlocked.Decrement(ref left) >= 0 ? script(call, cancellationToken) : Task.FromResult<AwsReply?>(null);
    }
}
