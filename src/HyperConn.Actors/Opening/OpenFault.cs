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

    /// <summary>A pooler has no server connection for this session in time. Wait, unless the tenant has none at all: then its server is away.</summary>
    PoolerFull,

    /// <summary>A pooler does not take a parameter that sessions start with.</summary>
    ParameterRefused,

    /// <summary>A pooler took the search path and dropped it.</summary>
    SearchPathLost,

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
        SearchPathLostException => OpenFault.SearchPathLost,
        NpgsqlException { InnerException: AggregateException several } => OfSeveralHosts(several),
        // All hosts are there, or known to be away, and none of them is what target_session_attrs asks for: one may become it.
        NpgsqlException npgsql when IsNoHostSuitable(npgsql) => OpenFault.Unreachable,
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

    /// <summary>Npgsql has no code for it; the text is its own and not localised.</summary>
    public static bool IsNoHostSuitable(NpgsqlException exception) => exception.Message.StartsWith("No suitable host", StringComparison.Ordinal);

    // Where one host is away, what another answered says more. Cancelled opens say nothing.
    private static OpenFault OfSeveralHosts(AggregateException several)
    {
        var faults = several.InnerExceptions.Where(inner => inner is not OperationCanceledException).Select(Of).ToHashSet();
        OpenFault[] telling =
        [
            OpenFault.ServerFull, OpenFault.TenantFull, OpenFault.PoolerFull, OpenFault.CredentialsExpired, OpenFault.LoginRefused,
            OpenFault.DatabaseUnavailable, OpenFault.ParameterRefused, OpenFault.NoAnswer, OpenFault.Unreachable,
        ];
        return telling.FirstOrDefault(faults.Contains, OpenFault.Other);
    }

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
        _ => PoolerAnswers.Read(postgres) ?? OpenFault.Other,
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
