using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Why a server did not take a connection, in words fit for anybody to read.</summary>
internal static class ConnectCause
{
    // What PostgreSQL and poolers say to a login under these classes and codes names roles, databases, hosts, limits and settings, never a
    // value: connections, resources, an operator's doing, access and names, databases, logins (appendix A of PostgreSQL's manual).
    private static readonly string[] QuotableClasses = ["08", "28", "3D", "42", "53", "57"];

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
    public static string Printable(string text)
    {
        var clean = new StringBuilder();
        foreach (var letter in text.EnumerateRunes())
        {
            if (clean.Length >= MostQuoted)
                return clean.Append('…').ToString();
            clean.Append(IsPrintable(letter) ? letter.ToString() : " ");
        }

        return clean.ToString();
    }

    // Neither what moves a terminal's cursor or begins a line, nor what turns the direction of writing or can't be seen.
    private static bool IsPrintable(Rune letter) => Rune.GetUnicodeCategory(letter)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static string Quote(PostgresException postgres, string? password)
    {
        // What a parameter was to be set to is the secret's.
        var text = PoolerAnswers.IsParameterRefused(postgres) ? postgres.MessageText.Split('=')[0] : postgres.MessageText;
        return IsQuotable(postgres.SqlState) && (string.IsNullOrEmpty(password) || !text.Contains(password, StringComparison.Ordinal))
            ? $"{Printable(postgres.SqlState)}: {Printable(text)}"
            : Printable(postgres.SqlState);
    }

    private static bool IsQuotable(string code) =>
        code == PostgresErrorCodes.ObjectNotInPrerequisiteState || Array.Exists(QuotableClasses, known => code.StartsWith(known, StringComparison.Ordinal));

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
        NpgsqlException npgsql when OpenFaults.IsNoHostSuitable(npgsql) => "no host is what target_session_attrs asks for",
        NpgsqlException npgsql when OpenFaults.IsPasswordMissing(npgsql) => "the server wants a password, and the secret has none",
        _ => null,
    };
}
