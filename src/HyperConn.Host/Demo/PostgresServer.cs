using Npgsql;

namespace HyperConn.Host.Demo;

/// <summary>A PostgreSQL server to play on, with an account that may create roles and databases.</summary>
internal abstract class PostgresServer : IAsyncDisposable
{
    private readonly List<string> _scratch = [];

    /// <summary>Where it came from, for people.</summary>
    public abstract string Description { get; }

    /// <summary>Host name or address.</summary>
    public abstract string Host { get; }

    /// <summary>TCP port.</summary>
    public abstract int Port { get; }

    /// <summary>The server, if it can be stopped, killed and started again on the same port and data; else null.</summary>
    public virtual IPostgresControl? Control => null;

    /// <summary>The administrator's connection settings, as a copy that may be changed. Holds a password: not for logs.</summary>
    /// <param name="database">Database; null: the administrator's own.</param>
    public abstract NpgsqlConnectionStringBuilder Admin(string? database = null);

    /// <summary>Makes a folder for files that go with this server and are gone with it.</summary>
    public virtual Task<string> CreateScratchFolderAsync(CancellationToken cancellationToken = default)
    {
        _scratch.Add(Directory.CreateTempSubdirectory("hyperconn-").FullName);
        return Task.FromResult(_scratch[^1]);
    }

    public virtual ValueTask DisposeAsync()
    {
        foreach (var folder in _scratch.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    public override string ToString() => $"PostgreSQL at {Host}:{Port} ({Description})";
}

/// <summary>Steers a server of our own, for failure tests. Port and data stay.</summary>
internal interface IPostgresControl
{
    /// <summary>Stops the server and cuts its sessions.</summary>
    Task StopAsync(CancellationToken cancellationToken = default);

    /// <summary>Kills the postmaster as <c>kill -9</c> does. The server recovers at the next start.</summary>
    Task KillAsync(CancellationToken cancellationToken = default);

    /// <summary>Starts the stopped or killed server and waits until it answers.</summary>
    Task StartAsync(CancellationToken cancellationToken = default);
}

/// <summary>How a server of our own is set up. A server somebody else runs is taken as it is.</summary>
internal sealed record PostgresServerOptions
{
    /// <summary><c>max_connections</c>, the superuser's three reserved ones included.</summary>
    public int MaxConnections { get; init; } = 100;

    /// <summary>
    /// Whether its data is a copy of what <c>initdb</c> made for this process before: much faster for who starts many. They have one system identifier.
    /// </summary>
    public bool CopiesData { get; init; }

    /// <summary>Further settings for <c>postgresql.conf</c>, by name.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Everything for <c>postgresql.conf</c> that isn't about where the server lives.</summary>
    public IEnumerable<KeyValuePair<string, string>> AllSettings()
    {
        // Nothing here is worth surviving a crash of the machine, but what was committed survives kill -9 of the server.
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["max_connections"] = MaxConnections.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["password_encryption"] = "scram-sha-256",
            ["fsync"] = "off",
            ["full_page_writes"] = "off",
            ["wal_level"] = "minimal",
            ["max_wal_senders"] = "0",
            ["shared_buffers"] = "64MB",
        };
        foreach (var (name, value) in Settings)
            settings[name] = value;
        return settings;
    }
}
