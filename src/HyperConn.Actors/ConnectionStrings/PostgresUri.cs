using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using HyperConn.ConnectionStrings;
using Npgsql;

namespace HyperConn;

/// <summary>A <c>postgresql://</c> or <c>postgres://</c> connection URI, read by libpq's grammar.</summary>
/// <remarks>
/// That grammar is not RFC 3986's, so <see cref="Uri"/> would read such texts differently. The verdict and the values are those of
/// libpq's <c>PQconninfoParse</c>; keywords are known up to PostgreSQL 18. Source: PostgreSQL's manual, "Connection URIs" and
/// "Parameter Key Words". One thing libpq accepts is refused: when the login has a password, a host, port or database with a further
/// <c>@</c>, <c>/</c> or <c>:</c> that isn't percent-encoded, because that is the rest of a password that should have been. A socket folder
/// (<c>%2Frun%2Fpostgresql</c>) or an abstract socket (<c>%40name</c>) is encoded, or given as <c>?host=</c>. Immutable.
/// </remarks>
public sealed class PostgresUri
{
    private PostgresUri(Dictionary<string, string> parameters) => Parameters = new ReadOnlyDictionary<string, string>(parameters);

    /// <summary>
    /// What the URI says, by libpq's keywords (<c>host</c>, <c>port</c>, <c>dbname</c>, <c>user</c>, <c>password</c>, <c>sslmode</c>, …),
    /// percent-decoded; no defaults. Holds the password: not for logs.
    /// </summary>
    /// <remarks>
    /// Several hosts are one comma-separated value, and so are their ports. Ports and other values are not checked before
    /// <see cref="ToNpgsql"/>. Decoded bytes that are not UTF-8 show as U+FFFD.
    /// </remarks>
    public IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>Reads a URI.</summary>
    /// <param name="text">The URI.</param>
    /// <returns>What it says.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="FormatException">libpq would refuse it, it has a NUL character, or the rest of a password stands in the host, port or
    /// database. The message names the component (user,
    /// password, host, port, dbname or a parameter) and what to do; it never repeats any of the text.</exception>
    public static PostgresUri Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        return LibpqUri.Parse(text, parameters) is { } fault ? throw new FormatException(fault) : new PostgresUri(parameters);
    }

    /// <summary>Reads a URI without throwing.</summary>
    /// <param name="text">The URI.</param>
    /// <param name="uri">What it says, or null.</param>
    /// <returns>Whether <see cref="Parse"/> would accept it.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out PostgresUri? uri)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        uri = text is not null && LibpqUri.Parse(text, parameters) is null ? new PostgresUri(parameters) : null;
        return uri is not null;
    }

    /// <summary>Says the same in Npgsql's keywords.</summary>
    /// <remarks>
    /// <para>The password is included. User and password that the URI doesn't give are left out, and Npgsql would then take
    /// PGUSER, PGPASSWORD or a password file; the host is required.</para>
    /// <para>libpq's meaning is kept where Npgsql's defaults differ: <c>require</c> with <c>sslrootcert</c> is VerifyCA,
    /// <c>sslrootcert=system</c> is VerifyFull, the database is the user's when none is given. GSS encryption is off unless
    /// <c>gssencmode</c> asks for it. Options, application name, client encoding and SSL negotiation are always set, so that none comes
    /// from the environment. <c>connect_timeout</c> is in seconds, clamped to 0–1024 (0: no limit).</para>
    /// <para>Parameters without an equivalent are left out when that is harmless: gssdelegation, gsslib, keepalives_count,
    /// keepalives_interval without keepalives_idle, max_protocol_version, oauth_*, replication, scram_*_key, sslcompression,
    /// sslkeylogfile, tcp_user_timeout, and target_session_attrs with a single host.</para>
    /// </remarks>
    /// <returns>A new builder.</returns>
    /// <exception cref="FormatException">The host is missing, a value is out of its range, <c>options</c> has more than settings
    /// (<c>-c name=value</c>), a value is not UTF-8, or a parameter that Npgsql has no equivalent for can't be dropped without weakening
    /// security (sslcrl, sslcrldir, ssl_min_protocol_version, ssl_max_protocol_version, requirepeer, sslsni=0, sslcertmode=require,
    /// min_protocol_version) or reaching another server (hostaddr beside host, service, servicefile). The message names the component and
    /// never repeats its value.</exception>
    public NpgsqlConnectionStringBuilder ToNpgsql()
    {
        var builder = new NpgsqlConnectionStringBuilder();
        return LibpqToNpgsql.Fill(Parameters, builder, []) is { } fault ? throw new FormatException(fault) : builder;
    }

    /// <summary>Lists the keywords that are given, without their values: a password can end up in any of them.</summary>
    /// <returns>Text for logs.</returns>
    public override string ToString() => $"PostgresUri({string.Join(", ", Parameters.Keys.Order(StringComparer.Ordinal))})";
}
