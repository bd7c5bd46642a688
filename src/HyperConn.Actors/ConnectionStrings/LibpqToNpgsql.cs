using System.Globalization;
using Npgsql;

namespace HyperConn.ConnectionStrings;

/// <summary>
/// Says in Npgsql's keywords what libpq's parameters say. What Npgsql can't express is refused when dropping it would weaken
/// security or change which server is reached, and otherwise named in a list of ignored parameters.
/// </summary>
internal static class LibpqToNpgsql
{
    private static readonly string[] HarmlessWhenDropped =
    [
        "gssdelegation", "gsslib", "keepalives_count", "max_protocol_version", "oauth_client_id", "oauth_client_secret",
        "oauth_issuer", "oauth_scope", "replication", "scram_client_key", "scram_server_key", "sslcompression", "sslkeylogfile",
        "tcp_user_timeout",
    ];

    /// <summary>Name of sessions whose credentials give none.</summary>
    public const string DefaultApplicationName = "hyperconn";

    /// <summary>Fills a builder, password included; null, or what is wrong with a parameter. Values are never repeated.</summary>
    public static string? Fill(IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder builder, List<string> ignored)
    {
        ignored.AddRange(HarmlessWhenDropped.Where(keyword => parameters.GetValueOrDefault(keyword, "").Length > 0));
        return EncodingFault(parameters)
            ?? RefusedParameter(parameters)
            ?? FillServers(parameters, builder, ignored)
            ?? FillSession(parameters, builder)
            ?? FillTransport(parameters, builder, ignored)
            ?? LibpqSecurity.Fill(parameters, builder);
    }

    /// <summary>Several hosts, or one: Npgsql wants them told in different ways.</summary>
    public static void SetHosts(NpgsqlConnectionStringBuilder builder, List<(string Host, int Port)> hosts)
    {
        if (hosts.Count > 1)
        {
            builder.Host = HostList.Join(hosts);
            builder.Remove("Port");
            // Else PGTARGETSESSIONATTRS would choose.
            builder.TargetSessionAttributes ??= "any";
            return;
        }
        (builder.Host, builder.Port) = hosts[0];
    }

    private static string? EncodingFault(IReadOnlyDictionary<string, string> parameters)
    {
        var damaged = parameters.FirstOrDefault(parameter => parameter.Value.Contains(Utf8Text.Replacement, StringComparison.Ordinal)).Key;
        return damaged is null ? null : $"The {Describe(damaged)} is not valid UTF-8, or has U+FFFD, the mark of text that wasn't.";
    }

    private static string? RefusedParameter(IReadOnlyDictionary<string, string> parameters)
    {
        foreach (var keyword in new[] { "service", "servicefile" })
        {
            if (parameters.GetValueOrDefault(keyword, "").Length > 0)
                return $"The parameter '{keyword}' points to settings in a file of this machine. Put them into the connection string.";
        }
        return null;
    }

    private static string? FillServers(
        IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder builder, List<string> ignored)
    {
        var hosts = new List<(string Host, int Port)>();
        if (HostList.Parse(parameters, hosts) is { } fault)
            return fault;

        if (parameters.TryGetValue("target_session_attrs", out var attributes))
        {
            if (attributes is not ("any" or "read-write" or "read-only" or "primary" or "standby" or "prefer-standby"))
                return Unknown("target_session_attrs", "any, read-write, read-only, primary, standby or prefer-standby");
            // With one host there is nothing to choose from, and Npgsql refuses to try.
            if (hosts.Count > 1)
                builder.TargetSessionAttributes = attributes;
            else if (attributes is not ("any" or "prefer-standby"))
                ignored.Add("target_session_attrs");
        }
        if (parameters.TryGetValue("load_balance_hosts", out var balance))
        {
            if (balance is not ("disable" or "random"))
                return Unknown("load_balance_hosts", "disable or random");
            builder.LoadBalanceHosts = balance == "random";
        }
        SetHosts(builder, hosts);
        return null;
    }

    private static string? FillSession(IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder builder)
    {
        string? Given(string keyword) => parameters.GetValueOrDefault(keyword, "") is { Length: > 0 } value ? value : null;

        builder.Username = Given("user");
        builder.Password = Given("password");
        builder.Database = Given("dbname") ?? Given("user");
        builder.Passfile = Given("passfile");
        builder.ApplicationName = Given("application_name") ?? Given("fallback_application_name") ?? DefaultApplicationName;

        builder.ClientEncoding = "UTF8";
        if (Given("client_encoding") is { } encoding and not "auto")
        {
            var plain = string.Concat(encoding.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();
            if (plain is "LATIN1" or "ISO88591")
                builder.Encoding = "iso-8859-1";
            else if (plain is not ("UTF8" or "UNICODE"))
                return "The parameter 'client_encoding' is neither UTF8, LATIN1 nor auto, and Npgsql would misread other encodings.";
            builder.ClientEncoding = encoding;
        }

        builder.Options = Given("options") ?? SessionOptions.WhenNoneAsked(builder.ClientEncoding);
        return builder.Options is { } options ? SessionOptions.Fault(options) : null;
    }

    private static string? FillTransport(
        IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder builder, List<string> ignored)
    {
        if (IntegerFault(parameters, "connect_timeout", out var timeout) is { } timeoutFault)
            return timeoutFault;
        if (timeout is { } seconds)
            builder.Timeout = Math.Clamp(seconds, 0, 1024);

        if (IntegerFault(parameters, "keepalives", out var keepalives) is { } onFault)
            return onFault;
        if (IntegerFault(parameters, "keepalives_idle", out var idle) is { } idleFault)
            return idleFault;
        if (IntegerFault(parameters, "keepalives_interval", out var interval) is { } intervalFault)
            return intervalFault;
        if (keepalives is { } on)
            builder.TcpKeepAlive = on != 0;
        if (keepalives == 0)
            return null;
        if (idle > 0)
            builder.TcpKeepAliveTime = idle.Value;
        // Npgsql takes an interval only together with an idle time.
        if (interval > 0 && idle > 0)
            builder.TcpKeepAliveInterval = interval.Value;
        else if (interval > 0)
            ignored.Add("keepalives_interval");
        return null;
    }

    private static string? IntegerFault(IReadOnlyDictionary<string, string> parameters, string keyword, out int? number)
    {
        number = null;
        if (!parameters.TryGetValue(keyword, out var text))
            return null;
        if (!int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var parsed))
            return $"The parameter '{keyword}' is not a whole number.";
        number = parsed;
        return null;
    }

    internal static string Unknown(string keyword, string known) => $"The parameter '{keyword}' is none of {known}.";

    private static string Describe(string keyword)
        => keyword is "host" or "port" or "user" or "password" or "dbname" ? keyword : $"parameter '{keyword}'";
}
