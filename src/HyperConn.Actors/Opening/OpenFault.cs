using System.Net.Sockets;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>What an attempt to connect failed of, as far as it matters for what to do next.</summary>
internal enum OpenFault
{
    /// <summary>Anything else: the caller gets it.</summary>
    Other,

    /// <summary>User name or password: ask for newer credentials.</summary>
    LoginRefused,

    /// <summary>The credentials are past their hard limit: ask for newer ones.</summary>
    CredentialsExpired,

    /// <summary>The database is not there or not open to this user.</summary>
    DatabaseUnavailable,

    /// <summary>No slot left on the server: others use it too. Wait.</summary>
    ServerFull,

    /// <summary>The role's or the database's own connection limit. Wait.</summary>
    TenantFull,

    /// <summary>Connection objects opened by their owners, beside the leases, take up the whole pool. Wait.</summary>
    PoolFull,

    /// <summary>The server is away, starting or stopping. Wait for it.</summary>
    Unreachable,

    /// <summary>No answer in time, or a cut connection: the server, or only the way this tenant's settings go.</summary>
    NoAnswer,
}

/// <summary>Reads the fault from Npgsql's exception.</summary>
internal static class OpenFaults
{
    public static OpenFault Of(Exception exception) => exception switch
    {
        PostgresException postgres => Of(postgres),
        _ when Find<HyperConnException>(exception) is not null => OpenFault.CredentialsExpired,
        _ when Find<SocketException>(exception) is { } socket => IsCertain(socket) ? OpenFault.Unreachable : OpenFault.NoAnswer,
        // Npgsql has no code for these; the texts are its own, not the server's, and not localised.
        NpgsqlException npgsql when npgsql.Message.StartsWith("The connection pool has been exhausted", StringComparison.Ordinal) => OpenFault.PoolFull,
        _ when Find<IOException>(exception) is not null || Find<TimeoutException>(exception) is not null => OpenFault.NoAnswer,
        NpgsqlException npgsql when IsPasswordMissing(npgsql) => OpenFault.LoginRefused,
        _ => OpenFault.Other,
    };

    public static bool IsPasswordMissing(NpgsqlException exception) =>
        exception.Message.StartsWith("No password has been provided", StringComparison.Ordinal);

    // Codes: PostgreSQL manual, appendix A. Routines tell which of three limits a 53300 is about; unlike messages they are not localised.
    private static OpenFault Of(PostgresException postgres) => postgres.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => OpenFault.LoginRefused,
        PostgresErrorCodes.InvalidCatalogName
            or PostgresErrorCodes.ObjectNotInPrerequisiteState
            or PostgresErrorCodes.InsufficientPrivilege => OpenFault.DatabaseUnavailable,
        PostgresErrorCodes.TooManyConnections => postgres.Routine is "InitializeSessionUserId" or "CheckMyDatabase"
            ? OpenFault.TenantFull
            : OpenFault.ServerFull,
        PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.CrashShutdown => OpenFault.Unreachable,
        _ => OpenFault.Other,
    };

    // What holds for every tenant of a host and port.
    private static bool IsCertain(SocketException socket) => socket.SocketErrorCode
        is SocketError.ConnectionRefused or SocketError.HostDown or SocketError.HostNotFound or SocketError.HostUnreachable
        or SocketError.NetworkDown or SocketError.NetworkUnreachable or SocketError.TryAgain;

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is T found)
                return found;
        }

        return null;
    }
}
