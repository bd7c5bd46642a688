using Npgsql;

namespace HyperConn.Host.Demo;

/// <summary>A server somebody else runs. It is never stopped; what is made on it is dropped by whoever made it.</summary>
internal sealed class ExternalPostgres : PostgresServer
{
    private readonly NpgsqlConnectionStringBuilder _admin;

    /// <param name="description">Where it came from.</param>
    /// <param name="connectionString">Administrator's connection string, in Npgsql's form.</param>
    public ExternalPostgres(string description, string connectionString)
    {
        Description = description;
        _admin = new NpgsqlConnectionStringBuilder(connectionString);
    }

    public override string Description { get; }

    public override string Host => _admin.Host ?? "localhost";

    public override int Port => _admin.Port;

    public override NpgsqlConnectionStringBuilder Admin(string? database = null)
    {
        var copy = new NpgsqlConnectionStringBuilder(_admin.ConnectionString);
        if (database is not null)
            copy.Database = database;
        return copy;
    }
}

/// <summary>The server named by the environment variable <c>HYPERCONN_POSTGRES</c>.</summary>
internal sealed class ExternalPostgresSource : IPostgresSource
{
    public const string Variable = "HYPERCONN_POSTGRES";

    public string Name => Variable;

    public string Hint => $"Set {Variable} to a connection string of an account that may create roles and databases.";

    public async Task<PostgresServer> StartAsync(PostgresServerOptions options, CancellationToken cancellationToken)
    {
        var text = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrWhiteSpace(text))
            throw new PostgresUnavailableException("not set.") { IsFault = false };
        var server = Parse(text.Trim());
        await CheckAsync(server, cancellationToken);
        return server;
    }

    private static ExternalPostgres Parse(string text)
    {
        try
        {
            var isUri = text.Contains("://", StringComparison.Ordinal);
            return new ExternalPostgres(Variable, isUri ? PostgresUri.Parse(text).ToNpgsql().ConnectionString : text);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            // The inner exception may quote the text, which has a password in it.
            throw new PostgresUnavailableException("set, but not a connection string (postgresql://user:password@host:port/database).");
        }
    }

    private static async Task CheckAsync(ExternalPostgres server, CancellationToken cancellationToken)
    {
        var admin = server.Admin();
        admin.Pooling = false;
        admin.Timeout = Math.Min(admin.Timeout, 10);
        try
        {
            await using var connection = new NpgsqlConnection(admin.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                "select rolsuper or (rolcreaterole and rolcreatedb) from pg_roles where rolname = current_user", connection);
            if (await command.ExecuteScalarAsync(cancellationToken) is not true)
                throw new PostgresUnavailableException($"the account at {server.Host}:{server.Port} may not create roles and databases.");
        }
        catch (NpgsqlException e)
        {
            throw new PostgresUnavailableException($"{server.Host}:{server.Port} can't be used: {e.Message}", e);
        }
    }
}
