using Npgsql;

namespace HyperConn.Opening;

/// <summary>
/// What a pooler says instead of a session. PgBouncer puts everything, also what the server behind it said, under one SQLSTATE, 08P01, so its
/// words must do; they are not localised.
/// </summary>
internal static class PoolerAnswers
{
    private const string Unsupported = "unsupported startup parameter";

    // As PgBouncer 1.18 and later say them (its source, and seen on the wire). The first that fits counts.
    private static readonly (string Words, OpenFault Fault)[] Own =
    [
        (Unsupported, OpenFault.ParameterRefused),
        ("no more connections allowed", OpenFault.ServerFull),
        ("client connections exceeded", OpenFault.ServerFull),
        ("query_wait_timeout", OpenFault.PoolerFull),
        ("server_login_retry", OpenFault.Unreachable),
        ("server login has been failing", OpenFault.Unreachable),
        ("client_login_timeout", OpenFault.Unreachable),
        ("server conn crashed", OpenFault.Unreachable),
        ("cannot connect", OpenFault.Unreachable),
        // It could not give a server the session's settings: the server went away meanwhile, or, seldom, does not take them.
        ("invalid server parameter", OpenFault.Unreachable),
        ("bouncer config error", OpenFault.Unreachable),
        ("pooler is shutting down", OpenFault.Unreachable),

        // Why it gave up the server that was meant for the session; whoever waits for that is told, too.
        ("cancel req", OpenFault.Unreachable),
        ("cancel_wait_timeout", OpenFault.Unreachable),
        ("connect failed", OpenFault.Unreachable),
        ("connect timeout", OpenFault.Unreachable),
        ("server connection closed", OpenFault.Unreachable),
        ("server DNS lookup failed", OpenFault.Unreachable),
        ("failed to answer authreq", OpenFault.Unreachable),
        ("startup pkt failed", OpenFault.Unreachable),
        ("TLS startup failed", OpenFault.Unreachable),
        ("server shutting down", OpenFault.Unreachable),
        ("suspend_timeout", OpenFault.Unreachable),
        ("obsolete connection", OpenFault.Unreachable),
        ("connect string changed", OpenFault.Unreachable),
        ("database configuration changed", OpenFault.Unreachable),
        ("server idle timeout", OpenFault.Unreachable),
        ("server lifetime over", OpenFault.Unreachable),
        ("no such database", OpenFault.DatabaseUnavailable),
        ("no such user", OpenFault.LoginRefused),
        ("SASL authentication failed", OpenFault.LoginRefused),
    ];

    // What PostgreSQL said to the pooler, in English where the server speaks it.
    private static readonly (string Words, OpenFault Fault)[] PassedOn =
    [
        ("authentication failed", OpenFault.LoginRefused),
        ("is not permitted to log in", OpenFault.LoginRefused),
        ("no pg_hba.conf entry", OpenFault.LoginRefused),
        ("too many clients already", OpenFault.ServerFull),
        ("connection slots are reserved", OpenFault.ServerFull),
        ("too many connections for", OpenFault.TenantFull),
        ("the database system is", OpenFault.Unreachable),
        ("terminating connection", OpenFault.Unreachable),
        ("not currently accepting connections", OpenFault.DatabaseUnavailable),
        ("permission denied for database", OpenFault.DatabaseUnavailable),
        ("role \"", OpenFault.LoginRefused),
        ("does not exist", OpenFault.DatabaseUnavailable),
    ];

    /// <summary>The fault behind an answer under a code that says only that the protocol went wrong; null: none of a pooler's answers.</summary>
    public static OpenFault? Read(PostgresException answer) =>
        answer.SqlState != PostgresErrorCodes.ProtocolViolation ? null : Find(Own, answer) ?? Find(PassedOn, answer);

    /// <summary>Whether nobody but a pooler says this.</summary>
    public static bool IsPoolers(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.ProtocolViolation } answer && Find(Own, answer) is not null;

    /// <summary>Whether a pooler did not take a start-up parameter.</summary>
    public static bool IsParameterRefused(PostgresException answer) => Read(answer) == OpenFault.ParameterRefused;

    /// <summary>The start-up parameter a pooler did not take, or "?".</summary>
    public static string RefusedParameter(Exception exception)
    {
        var text = (exception as PostgresException)?.MessageText ?? "";
        if (text.StartsWith(Unsupported + " in options", StringComparison.Ordinal))
            return "options";
        var name = text.StartsWith(Unsupported + ": ", StringComparison.Ordinal) ? text[(Unsupported.Length + 2)..].Split('=')[0] : "";
        return name.Length is > 0 and < 64 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.') ? name : "?";
    }

    private static OpenFault? Find((string Words, OpenFault Fault)[] known, PostgresException answer)
    {
        foreach (var (words, fault) in known)
        {
            if (answer.MessageText.Contains(words, StringComparison.OrdinalIgnoreCase))
                return fault;
        }

        return null;
    }
}
