using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using Npgsql;

namespace HyperConn.ConnectionStrings;

/// <summary>
/// A tenant's credentials, whichever form they were stored in: URI, libpq <c>keyword=value</c>, Npgsql string, RDS object, or any of them
/// as a JSON string.
/// </summary>
/// <remarks>
/// Complete on its own: host, user and password are required, so that no tenant ever logs in with what the process's environment or a
/// password file holds. Immutable; equal when everything is, password included.
/// </remarks>
internal sealed class PostgresCredentials : IEquatable<PostgresCredentials>
{
    // A JSON string may hold an object as text, itself stored as text.
    private const int MaxJsonStrings = 2;

    // Line ends and byte order marks that editors leave behind.
    private static readonly char[] OuterSpace = [' ', '\t', '\r', '\n', '\uFEFF'];

    private static readonly SearchValues<char> SchemeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.:-");

    private static readonly Lazy<X509Certificate2Collection> SystemRoots = new(() =>
    {
        using var store = new X509Store(StoreName.Root, StoreLocation.LocalMachine, OpenFlags.ReadOnly);
        return store.Certificates;
    });

    private readonly string _settings;
    private readonly bool _systemRoots;

    private PostgresCredentials(
        NpgsqlConnectionStringBuilder builder, IReadOnlyList<(string Host, int Port)> hosts, IReadOnlyList<string> ignored, bool systemRoots)
    {
        Hosts = hosts.ToArray();
        Username = builder.Username!;
        Password = builder.Password!;
        Database = builder.Database!;
        Ignored = ignored.ToArray();
        _systemRoots = systemRoots;

        builder.Password = null;
        // One order, whatever order the parameters were given in.
        var sorted = new NpgsqlConnectionStringBuilder();
        foreach (var keyword in builder.Keys.Cast<string>().Order(StringComparer.Ordinal))
            sorted[keyword] = builder[keyword];
        _settings = sorted.ConnectionString;
    }

    /// <summary>The servers, in the order given; at least one. Names, IP addresses, or socket folders.</summary>
    public IReadOnlyList<(string Host, int Port)> Hosts { get; }

    /// <summary>The role to log in as; never empty.</summary>
    public string Username { get; }

    /// <summary>Its password; never empty. Goes to Npgsql through a password provider only.</summary>
    public string Password { get; }

    /// <summary>The database; libpq's default, the user's name, when none was given.</summary>
    public string Database { get; }

    /// <summary>Keywords that have no effect here, for one warning. Never values.</summary>
    public IReadOnlyList<string> Ignored { get; }

    /// <summary>Reads credentials of any form.</summary>
    /// <param name="text">The text; white space around it doesn't count.</param>
    /// <param name="credentials">What it says, or null.</param>
    /// <param name="fault">Empty, or which component is wrong and what to do. Never repeats the text.</param>
    /// <returns>Whether the text is complete and understood.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out PostgresCredentials? credentials, out string fault)
    {
        credentials = null;
        fault = Read(text, MaxJsonStrings, out credentials) ?? "";
        return credentials is not null;
    }

    /// <summary>Everything Npgsql needs except the password.</summary>
    public NpgsqlConnectionStringBuilder ToNpgsql() => new(_settings);

    /// <summary>
    /// Keeps the process's certificates out of the tenant's connections: Npgsql sends the client certificate of PGSSLCERT or the user's
    /// home, and trusts PGSSLROOTCERT, for everyone who names none.
    /// </summary>
    public void GuardCertificates(NpgsqlDataSourceBuilder builder)
    {
        // Only where there is something to keep out: the callback excludes other TLS callbacks of the application.
        if (builder.ConnectionStringBuilder.SslCertificate is null && ProcessHasClientCertificate())
        {
            builder.UseSslClientAuthenticationOptionsCallback(static options =>
            {
                options.ClientCertificateContext = null;
                options.ClientCertificates = null;
            });
        }
        if (_systemRoots)
            builder.UseRootCertificatesCallback(static () => SystemRoots.Value);
    }

    /// <summary>Whether a live pool goes on with the other's password: all else is the same.</summary>
    public bool DiffersOnlyInPassword(PostgresCredentials other)
        => SameSettings(other) && !string.Equals(Password, other.Password, StringComparison.Ordinal);

    /// <inheritdoc/>
    public bool Equals(PostgresCredentials? other)
        => other is not null && SameSettings(other) && string.Equals(Password, other.Password, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PostgresCredentials);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_settings, Password, _systemRoots);

    /// <summary>Shows the servers only.</summary>
    public override string ToString() => $"PostgresCredentials({HostList.Join(Hosts)})";

    private bool SameSettings(PostgresCredentials other)
        => _systemRoots == other._systemRoots && string.Equals(_settings, other._settings, StringComparison.Ordinal);

    private static string? Read(string text, int jsonStrings, out PostgresCredentials? credentials)
    {
        credentials = null;
        // The end is trimmed for URIs only: a keyword string may end in an escaped space.
        text = text.TrimStart(OuterSpace);
        if (text.Length == 0)
            return "The connection string is empty.";

        if (text[0] == '"')
        {
            return jsonStrings > 0 && RdsSecret.TryReadString(text, out var inner)
                ? Read(inner, jsonStrings - 1, out credentials)
                : "The connection string starts with a double quote and is not one JSON string.";
        }

        var builder = new NpgsqlConnectionStringBuilder();
        var ignored = new List<string>();
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        string? fault;
        if (text[0] != '{' && !LooksLikeUri(text) && NpgsqlText.Recognises(text))
        {
            fault = NpgsqlText.Fill(text, builder, ignored);
        }
        else
        {
            fault = text[0] == '{' ? RdsSecret.Parse(text, parameters)
                : LooksLikeUri(text) ? LibpqUri.Parse(text.TrimEnd(OuterSpace), parameters)
                : LibpqKeyValue.Parse(text, parameters);
            fault ??= LibpqToNpgsql.Fill(parameters, builder, ignored);
        }
        fault ??= Incomplete(builder);
        if (fault is not null)
            return fault;

        var hosts = new List<(string Host, int Port)>();
        fault = HostList.ParseNpgsql(builder.Host, builder.Port, hosts);
        if (fault is null)
            credentials = new PostgresCredentials(builder, hosts, ignored, LibpqSecurity.WantsSystemRoots(parameters));
        return fault;
    }

    private static string? Incomplete(NpgsqlConnectionStringBuilder builder)
    {
        if (!string.IsNullOrEmpty(builder.Passfile))
            return "The parameter 'passfile' points to a file of this machine. Put the password into the secret.";
        if (string.IsNullOrEmpty(builder.Username))
            return "The user is missing. Name the role to log in as: there is no default.";
        return string.IsNullOrEmpty(builder.Password)
            ? "The password is missing. Put it into the secret: neither the environment nor a password file is asked."
            : null;
    }

    // Any scheme, so that a misspelt one is told from a misspelt keyword.
    private static bool LooksLikeUri(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        return scheme > 0 && text.AsSpan(0, scheme).IndexOfAnyExcept(SchemeCharacters) < 0;
    }

    private static bool ProcessHasClientCertificate()
    {
        if (Environment.GetEnvironmentVariable("PGSSLCERT") is not null)
            return true;
        var home = Environment.GetEnvironmentVariable(OperatingSystem.IsWindows() ? "APPDATA" : "HOME");
        return home is not null
            && File.Exists(Path.Combine(home, OperatingSystem.IsWindows() ? "postgresql" : ".postgresql", "postgresql.crt"));
    }
}
