using Npgsql;

namespace HyperConn.Opening;

/// <summary>Where commands, batches and connections of a tenant take their leases.</summary>
internal interface ILeaseSource
{
    /// <summary>The connection string without its password, or empty while there is no pool.</summary>
    string ConnectionString { get; }

    /// <summary>The database; empty while there is no pool.</summary>
    string Database { get; }

    /// <summary>The server for people; empty while there is no pool.</summary>
    string ServerName { get; }

    NpgsqlConnection OpenConnection();

    ValueTask<NpgsqlConnection> OpenConnectionAsync(CancellationToken cancellationToken);
}
