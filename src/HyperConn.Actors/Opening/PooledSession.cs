using HyperConn.Leases;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>
/// Asks a session that was just opened through a pooler what a session with PostgreSQL need not be asked: whether there is a server behind,
/// and whether the search path it asked for is in force.
/// </summary>
/// <remarks>
/// A pooler lets clients in without having a server for them, and drops the start-up parameters it is told to ignore
/// (PgBouncer's manual, <c>ignore_startup_parameters</c>). A tenant would then work in another's schema and not know it.
/// </remarks>
internal sealed class PooledSession(ServerCapacity capacity, TimeSpan patience)
{
    private const string Query = "select pg_backend_pid(), current_setting('search_path')";

    /// <summary>Whether the session must be asked before anybody gets it.</summary>
    /// <param name="pool">The generation.</param>
    /// <param name="connection">Its new session.</param>
    /// <param name="inTransaction">Whether it is in somebody's transaction, where only what isolation needs is asked.</param>
    public static bool MustAsk(PoolGeneration pool, NpgsqlConnection connection, bool inTransaction) =>
        pool.View.PathToProve is not null || (!inTransaction && ServerCapacity.ServerOf(pool, connection) is { Kind: ServerKind.Pooler });

    /// <summary>Asks it.</summary>
    /// <exception cref="SearchPathLostException">It has another search path.</exception>
    public async ValueTask AskAsync(OpenRequest request, PoolGeneration pool, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        request.Stage = "its new session was being asked";
        try
        {
            await using var command = new NpgsqlCommand(Query, connection);
            command.CommandTimeout = (int)Math.Ceiling(patience.TotalSeconds);
            await using var reader = request.IsBlocking ? command.ExecuteReader() : await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            if (!(request.IsBlocking ? reader.Read() : await reader.ReadAsync(cancellationToken).ConfigureAwait(false)))
                return;
            if (ServerCapacity.ServerOf(pool, connection) is { } server && reader.GetInt32(0) != connection.ProcessID)
                capacity.FoundPooler(server);
            if (pool.View.PathToProve is not { } asked)
                return;
            var found = reader.GetString(1);
            if (FirstSchema(found) != FirstSchema(asked))
                throw new SearchPathLostException(asked, found);
            pool.View.PathProved();
        }
        catch
        {
            // Its lease ends without it, and what goes back to Npgsql's pool would stay there without a permit.
            pool.Connections.CloseIdle();
            throw;
        }
    }

    /// <summary>The schema a path begins with, as PostgreSQL reads it (manual, 4.1.1): in lower case unless it is quoted.</summary>
    internal static string FirstSchema(string path)
    {
        path = path.Trim();
        if (!path.StartsWith('"'))
            return path.Split(',')[0].Trim().ToLowerInvariant();
        var end = 1;
        while (end < path.Length && (path[end] != '"' || (end + 1 < path.Length && path[end + 1] == '"')))
            end += path[end] == '"' ? 2 : 1;
        return path[1..Math.Min(end, path.Length)].Replace("\"\"", "\"", StringComparison.Ordinal);
    }
}

/// <summary>Sessions don't have the search path they asked for when they started.</summary>
internal sealed class SearchPathLostException(string asked, string found) : Exception("A pooler dropped the search path.")
{
    /// <summary>The path asked for.</summary>
    public string Asked { get; } = asked;

    /// <summary>The path in force.</summary>
    public string Found { get; } = found;
}
