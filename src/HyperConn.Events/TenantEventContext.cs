using Npgsql;

namespace HyperConn.Events;

/// <summary>One attempt to handle an event. Valid until the handler returns.</summary>
public sealed class TenantEventContext
{
    /// <summary>The event.</summary>
    public required TenantEvent Event { get; init; }

    /// <summary>An open connection to the tenant's database. The worker closes it.</summary>
    public required NpgsqlConnection Connection { get; init; }

    /// <summary>The transaction under way on <see cref="Connection"/>, which holds the inbox row, too. The worker commits it.</summary>
    public required NpgsqlTransaction Transaction { get; init; }

    /// <summary>Which attempt this is, from 1; tries the source knows of are counted.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Name of the source.</summary>
    public string Source { get; init; } = "";

    /// <summary>Where the event stands, for people.</summary>
    public string Place { get; init; } = "";

    /// <summary>Makes a command on <see cref="Connection"/> in <see cref="Transaction"/>.</summary>
    /// <param name="sql">Its text.</param>
    /// <returns>The command, for the caller to dispose.</returns>
    public NpgsqlCommand CreateCommand(string sql) => new(sql, Connection, Transaction);
}
