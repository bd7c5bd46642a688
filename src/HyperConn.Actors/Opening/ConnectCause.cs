using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Why a server did not take a connection, in words fit for anybody to read.</summary>
internal static class ConnectCause
{
    // What PostgreSQL says with these names roles, databases, hosts and settings, never a value: appendix A of its manual.
    private static readonly HashSet<string> Quotable =
    [
        PostgresErrorCodes.InvalidPassword, PostgresErrorCodes.InvalidAuthorizationSpecification, PostgresErrorCodes.InvalidCatalogName,
        PostgresErrorCodes.ObjectNotInPrerequisiteState, PostgresErrorCodes.InsufficientPrivilege, PostgresErrorCodes.TooManyConnections,
        PostgresErrorCodes.CannotConnectNow, PostgresErrorCodes.AdminShutdown, PostgresErrorCodes.CrashShutdown, PostgresErrorCodes.UndefinedObject,
    ];

    private const int MostQuoted = 200;

    /// <summary>A clause to stand in brackets.</summary>
    /// <param name="exception">What Npgsql threw.</param>
    /// <param name="password">What the server was given. One that the secret names but nobody vouches for could answer with it.</param>
    public static string Of(Exception exception, string? password)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (Known(cause, password) is { } words)
                return words;
        }

        return exception.GetType().Name;
    }

    /// <summary>A text from a secret or a server, fit for one line of a log.</summary>
    public static string Printable(string text) =>
        string.Concat((text.Length > MostQuoted ? text[..MostQuoted] + "…" : text).Select(letter => char.IsControl(letter) ? ' ' : letter));

    private static string Quote(PostgresException postgres, string? password) =>
        Quotable.Contains(postgres.SqlState) && (string.IsNullOrEmpty(password) || !postgres.MessageText.Contains(password, StringComparison.Ordinal))
            ? $"{postgres.SqlState}: {Printable(postgres.MessageText)}"
            : Printable(postgres.SqlState);

    private static string? Known(Exception cause, string? password) => cause switch
    {
        PostgresException postgres => Quote(postgres, password),
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "the connection was refused: nothing listens there, or a firewall answers",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } => "the host name does not resolve",
        SocketException { SocketErrorCode: SocketError.TimedOut } => "no answer in time",
        SocketException socket => $"network: {socket.SocketErrorCode}",
        TimeoutException => "no answer in time",
        AuthenticationException => "the TLS handshake failed: certificate, host name or protocol version",
        FileNotFoundException or DirectoryNotFoundException or CryptographicException or UnauthorizedAccessException =>
            "a TLS file the secret names (sslrootcert, sslcert, sslkey) can't be read",
        EndOfStreamException => "the server closed the connection",

        // Npgsql has no code for these; the texts are its own and not localised.
        NpgsqlException npgsql when npgsql.Message.StartsWith("SSL connection requested", StringComparison.Ordinal) =>
            "the server does not speak TLS, which the secret's sslmode asks for",
        NpgsqlException npgsql when OpenFaults.IsPasswordMissing(npgsql) => "the server wants a password, and the secret has none",
        _ => null,
    };
}
