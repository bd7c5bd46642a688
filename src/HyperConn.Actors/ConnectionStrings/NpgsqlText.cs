using System.Data.Common;
using Npgsql;

namespace HyperConn.ConnectionStrings;

/// <summary>Reads Npgsql's own connection strings, less what would defeat the manager or leak.</summary>
internal static class NpgsqlText
{
    // Pool sizes and lifetimes are the manager's; the rest writes data or secrets where others read them, or does nothing any more.
    private static readonly string[] NotTheirs =
    [
        "Connection Idle Lifetime", "Connection Pruning Interval", "Include Error Detail", "Include Failed Batched Command",
        "Internal Command Timeout", "Log Parameters", "Maximum Pool Size", "Minimum Pool Size", "Persist Security Info",
        "Trust Server Certificate",
    ];

    /// <summary>Whether the text is meant as an Npgsql string rather than as libpq's <c>keyword=value</c>.</summary>
    /// <remarks>
    /// The first keyword decides: one that only one of them has (case counts for libpq) says which. One that both have, such as
    /// <c>host</c>, is Npgsql's when its value ends at a semicolon, and libpq's when it ends at white space or the end of the text.
    /// </remarks>
    public static bool Recognises(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            return text.Contains(';', StringComparison.Ordinal);
        var keyword = text[..equals].Trim();
        if (!LibpqKeywords.Contains(keyword))
            return true;
        if (!new NpgsqlConnectionStringBuilder().ContainsKey(keyword))
            return false;

        var at = LibpqKeyValue.SkipSpace(text, equals + 1);
        if (at < text.Length && text[at] is '\'' or '"')
        {
            var close = text.IndexOf(text[at], at + 1);
            at = close < 0 ? text.Length : close + 1;
        }
        while (at < text.Length && text[at] != ';' && !LibpqKeyValue.IsSpace(text[at]))
            at++;
        at = LibpqKeyValue.SkipSpace(text, at);
        return at < text.Length && text[at] == ';';
    }

    /// <summary>Fills a builder, password included; null, or what is wrong. Text that isn't a known keyword is never repeated.</summary>
    public static string? Fill(string text, NpgsqlConnectionStringBuilder builder, List<string> ignored)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
            return "The connection string has a NUL character, which PostgreSQL can't take in any parameter.";
        return Read(text, builder)
            ?? Refused(builder)
            ?? Complete(builder, ignored);
    }

    private static string? Read(string text, NpgsqlConnectionStringBuilder builder)
    {
        var pairs = new DbConnectionStringBuilder();
        try
        {
            pairs.ConnectionString = Utf8Text.Normalize(text);
        }
        catch (ArgumentException)
        {
            return "The connection string is not a list of keyword=value with ';' between. " +
                "Put values that hold ';', '=' or quotes into quotes.";
        }
        foreach (string keyword in pairs.Keys)
        {
            if (!builder.ContainsKey(keyword))
            {
                return "The connection string has a parameter that is none of Npgsql's keywords. " +
                    "Check their spelling, and put values that hold ';' into quotes.";
            }
            var value = (string)pairs[keyword];
            if (value.Contains(Utf8Text.Replacement, StringComparison.Ordinal))
                return $"The parameter '{keyword}' is not valid UTF-8, or has U+FFFD, the mark of text that wasn't.";
            try
            {
                builder[keyword] = value;
            }
            catch (ArgumentException)
            {
                return $"The parameter '{keyword}' has a value that Npgsql doesn't take.";
            }
        }
        return null;
    }

    private static string? Refused(NpgsqlConnectionStringBuilder builder)
    {
        if (builder.Multiplexing)
            return "The parameter 'Multiplexing' shares connections between leases, which the manager can't count. Remove it.";
        if (!builder.Pooling)
            return "The parameter 'Pooling' is off, but the manager keeps a pool for each tenant. Remove it.";
        if (builder.NoResetOnClose)
            return "The parameter 'No Reset On Close' would hand one caller's session settings to the next. Remove it.";
        if (builder.Keys.Cast<string>().Any(keyword => keyword.StartsWith("Replication", StringComparison.OrdinalIgnoreCase)))
            return "The parameter 'Replication Mode' makes connections that can't be pooled. Remove it.";
        if (builder.SslNegotiation == SslNegotiation.Direct && builder.SslMode < SslMode.Require)
            return "The parameter 'SSL Negotiation' is Direct, which needs SSL Mode Require, VerifyCA or VerifyFull.";
        return builder.Options is { } options ? SessionOptions.Fault(options) : null;
    }

    private static string? Complete(NpgsqlConnectionStringBuilder builder, List<string> ignored)
    {
        foreach (var keyword in NotTheirs.Where(Given(builder).Contains))
        {
            builder.Remove(keyword);
            ignored.Add(keyword);
        }

        var hosts = new List<(string Host, int Port)>();
        if (HostList.ParseNpgsql(builder.Host, builder.Port, hosts) is { } fault)
            return fault;
        if (hosts.Count == 1 && builder.TargetSessionAttributes is { } attributes)
        {
            builder.TargetSessionAttributes = null;
            if (attributes is not ("any" or "prefer-primary" or "prefer-standby"))
                ignored.Add("Target Session Attributes");
        }
        LibpqToNpgsql.SetHosts(builder, hosts);

        // Everything that Npgsql would otherwise take from the environment.
        var given = Given(builder);
        if (!given.Contains("GSS Encryption Mode"))
            builder.GssEncryptionMode = GssEncryptionMode.Disable;
        if (!given.Contains("SSL Negotiation"))
            builder.SslNegotiation = SslNegotiation.Postgres;
        // Defaults that the other forms say too, so that the same settings are equal in any form.
        builder.SslMode = builder.SslMode;
        builder.ChannelBinding = builder.ChannelBinding;
        builder.Database ??= builder.Username;
        builder.ApplicationName ??= LibpqToNpgsql.DefaultApplicationName;
        builder.ClientEncoding ??= "UTF8";
        builder.Options ??= SessionOptions.WhenNoneAsked(builder.ClientEncoding);
        return null;
    }

    // ContainsKey says whether a keyword exists, Keys which are set.
    private static HashSet<string> Given(NpgsqlConnectionStringBuilder builder)
        => builder.Keys.Cast<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
}
