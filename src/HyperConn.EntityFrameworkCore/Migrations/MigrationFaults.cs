using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace HyperConn.EntityFrameworkCore.Migrations;

/// <summary>Stable codes of what can go wrong with a tenant's migrations, and whether it may pass.</summary>
internal static class MigrationFaults
{
    public const string Timeout = "Timeout";
    public const string Connection = "Connection";
    public const string PendingModelChanges = "PendingModelChanges";

    /// <summary>Code and text of a fault.</summary>
    public static (string Code, string Message) Describe(Exception exception) => Cause(exception) switch
    {
        HyperConnException failure => (failure.Code.ToString(), failure.Message),
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => (Timeout, "A command was cancelled by its time-out; it was rolled back."),
        PostgresException refused => (refused.SqlState, refused.MessageText),
        NpgsqlException { InnerException: TimeoutException } => (Timeout, "A command took too long; it was rolled back."),
        NpgsqlException => (Connection, "The connection broke. What EF does in a transaction was rolled back."),
        InvalidOperationException changes when changes.Message.Contains(nameof(RelationalEventId.PendingModelChangesWarning), StringComparison.Ordinal) =>
            (PendingModelChanges, "The model has changes that no migration has. Add one (dotnet ef migrations add), or migrate with the options the model was made with."),
        var other => (other.GetType().Name, other.Message),
    };

    /// <summary>Whether trying again can help though nobody changes anything. A server that was waited for already is not waited for again.</summary>
    public static bool MayPass(Exception exception) => Cause(exception) switch
    {
        HyperConnException failure => failure.IsTransient,

        // Npgsql's own list, and a lock that somebody else has.
        PostgresException refused => refused.IsTransient || refused.SqlState == PostgresErrorCodes.LockNotAvailable,
        NpgsqlException broken => broken.InnerException is not TimeoutException,
        _ => false,
    };

    // EF wraps what may pass where no execution strategy retries, and so does one that gave up.
    private static Exception Cause(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is NpgsqlException)
                return cause;
        }

        return exception;
    }
}
