using Npgsql;

namespace HyperConn.ConnectionStrings;

/// <summary>The part of <see cref="LibpqToNpgsql"/> that decides whom to trust: TLS, GSS and the ways to log in.</summary>
internal static class LibpqSecurity
{
    /// <summary>Value of <c>sslrootcert</c> that means the machine's own trusted roots.</summary>
    private const string SystemRoots = "system";

    private static readonly string[] RefusedWhenDropped =
        ["sslcrl", "sslcrldir", "ssl_min_protocol_version", "ssl_max_protocol_version", "requirepeer"];

    public static string? Fill(IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder builder)
        => Refused(parameters)
            ?? FillEncryption(parameters, builder)
            ?? FillCertificates(parameters, builder)
            ?? FillLogin(parameters, builder);

    /// <summary>Whether the parameters ask for the machine's own roots, whatever PGSSLROOTCERT says.</summary>
    public static bool WantsSystemRoots(IReadOnlyDictionary<string, string> parameters)
        => parameters.GetValueOrDefault("sslrootcert") == SystemRoots;

    private static string? Refused(IReadOnlyDictionary<string, string> parameters)
    {
        var refused = RefusedWhenDropped.FirstOrDefault(keyword => parameters.GetValueOrDefault(keyword, "").Length > 0);
        if (refused is null && parameters.GetValueOrDefault("sslsni") == "0")
            refused = "sslsni";
        if (refused is null && parameters.GetValueOrDefault("min_protocol_version", "3.0") is not ("3.0" or ""))
            refused = "min_protocol_version";
        return refused is null
            ? null
            : $"The parameter '{refused}' asks for protection that Npgsql can't give, and dropping it would weaken security. " +
              "Remove it, or enforce it on the server.";
    }

    private static string? FillEncryption(IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder builder)
    {
        SslMode? mode = parameters.GetValueOrDefault("sslmode", "prefer") switch
        {
            "disable" => SslMode.Disable,
            "allow" => SslMode.Allow,
            "prefer" => SslMode.Prefer,
            "require" => SslMode.Require,
            "verify-ca" => SslMode.VerifyCA,
            "verify-full" => SslMode.VerifyFull,
            _ => null,
        };
        if (mode is not { } sslMode)
            return LibpqToNpgsql.Unknown("sslmode", "disable, allow, prefer, require, verify-ca or verify-full");

        // libpq verifies against a root certificate that it is given, also for require; Npgsql would not.
        var root = parameters.GetValueOrDefault("sslrootcert", "");
        if (root == SystemRoots)
            sslMode = SslMode.VerifyFull;
        else if (root.Length > 0 && sslMode == SslMode.Require)
            sslMode = SslMode.VerifyCA;
        builder.SslMode = sslMode;

        // Both are always said: PGSSLNEGOTIATION and PGGSSENCMODE would decide otherwise.
        switch (parameters.GetValueOrDefault("sslnegotiation", "postgres"))
        {
            case "postgres":
                builder.SslNegotiation = SslNegotiation.Postgres;
                break;
            case "direct" when sslMode < SslMode.Require:
                return "The parameter 'sslnegotiation' is direct, which needs sslmode require, verify-ca or verify-full.";
            case "direct":
                builder.SslNegotiation = SslNegotiation.Direct;
                break;
            default:
                return LibpqToNpgsql.Unknown("sslnegotiation", "postgres or direct");
        }
        switch (parameters.GetValueOrDefault("gssencmode", "disable"))
        {
            case "disable":
                builder.GssEncryptionMode = GssEncryptionMode.Disable;
                return null;
            case "prefer":
                builder.GssEncryptionMode = GssEncryptionMode.Prefer;
                return null;
            case "require":
                builder.GssEncryptionMode = GssEncryptionMode.Require;
                return null;
            default:
                return LibpqToNpgsql.Unknown("gssencmode", "disable, prefer or require");
        }
    }

    private static string? FillCertificates(IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder builder)
    {
        string? Given(string keyword) => parameters.GetValueOrDefault(keyword, "") is { Length: > 0 } value ? value : null;

        if (Given("sslrootcert") is { } root and not SystemRoots)
            builder.RootCertificate = root;
        switch (parameters.GetValueOrDefault("sslcertmode", "allow"))
        {
            case "allow":
                builder.SslCertificate = Given("sslcert");
                builder.SslKey = Given("sslkey");
                builder.SslPassword = Given("sslpassword");
                return null;
            case "disable":
                return null;
            case "require":
                return "The parameter 'sslcertmode' is require, which Npgsql can't check. Remove it; let pg_hba.conf ask for clientcert.";
            default:
                return LibpqToNpgsql.Unknown("sslcertmode", "disable, allow or require");
        }
    }

    private static string? FillLogin(IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder builder)
    {
        switch (parameters.GetValueOrDefault("channel_binding", "prefer"))
        {
            case "disable":
                builder.ChannelBinding = ChannelBinding.Disable;
                break;
            case "prefer":
                builder.ChannelBinding = ChannelBinding.Prefer;
                break;
            case "require":
                builder.ChannelBinding = ChannelBinding.Require;
                break;
            default:
                return LibpqToNpgsql.Unknown("channel_binding", "disable, prefer or require");
        }
        if (parameters.GetValueOrDefault("krbsrvname", "") is { Length: > 0 } service)
            builder.KerberosServiceName = service;
        return parameters.GetValueOrDefault("require_auth", "") is { Length: > 0 } methods ? FillRequireAuth(methods, builder) : null;
    }

    private static string? FillRequireAuth(string methods, NpgsqlConnectionStringBuilder builder)
    {
        var entries = methods.Split(',');
        var forbids = entries[0].StartsWith('!');
        var mapped = new List<string>();
        foreach (var entry in entries)
        {
            if (entry.StartsWith('!') != forbids)
                return "The parameter 'require_auth' mixes methods with and without '!'.";
            var method = (forbids ? entry[1..] : entry) switch
            {
                "password" => "Password",
                "md5" => "MD5",
                "gss" => "GSS",
                "sspi" => "SSPI",
                "scram-sha-256" => "ScramSHA256",
                "none" => "None",
                // Npgsql never logs in this way: forbidden it is already, and allowed it changes nothing.
                "oauth" => "",
                _ => null,
            };
            if (method is null)
                return LibpqToNpgsql.Unknown("require_auth", "password, md5, gss, sspi, scram-sha-256, oauth and none");
            if (method.Length > 0 && !mapped.Contains(method))
                mapped.Add(method);
        }
        if (forbids ? mapped.Count == 6 : mapped.Count == 0)
            return "The parameter 'require_auth' leaves no way to log in that Npgsql knows.";
        if (mapped.Count > 0)
            builder.RequireAuth = string.Join(',', mapped.Select(method => forbids ? "!" + method : method));
        return null;
    }
}
