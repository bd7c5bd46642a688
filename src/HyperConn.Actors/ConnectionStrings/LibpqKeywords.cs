using System.Collections.Frozen;

namespace HyperConn.ConnectionStrings;

/// <summary>The keywords of libpq's connection strings, PostgreSQL 9 to 18 (manual, "Parameter Key Words").</summary>
internal static class LibpqKeywords
{
    private static readonly FrozenSet<string> Known = FrozenSet.Create(
        StringComparer.Ordinal,
        "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname", "fallback_application_name",
        "gssdelegation", "gssencmode", "gsslib", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
        "keepalives_interval", "krbsrvname", "load_balance_hosts", "max_protocol_version", "min_protocol_version",
        "oauth_client_id", "oauth_client_secret", "oauth_issuer", "oauth_scope", "options", "passfile", "password", "port",
        "replication", "require_auth", "requirepeer", "scram_client_key", "scram_server_key", "service", "servicefile",
        "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcert", "sslcertmode", "sslcompression", "sslcrl", "sslcrldir",
        "sslkey", "sslkeylogfile", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni", "target_session_attrs",
        "tcp_user_timeout", "user");

    public static IReadOnlyCollection<string> All => Known;

    public static bool Contains(string keyword) => Known.Contains(keyword);

    /// <summary>
    /// Stores one parameter as libpq does: the last one of a name wins, and <c>requiressl</c>, which libpq
    /// dropped long ago, still sets <c>sslmode</c>. False: libpq has no such keyword.
    /// </summary>
    public static bool TryStore(Dictionary<string, string> parameters, string keyword, string value)
    {
        if (keyword == "requiressl")
        {
            parameters["sslmode"] = value.StartsWith('1') ? "require" : "prefer";
            return true;
        }
        if (!Known.Contains(keyword))
            return false;
        parameters[keyword] = value;
        return true;
    }
}
