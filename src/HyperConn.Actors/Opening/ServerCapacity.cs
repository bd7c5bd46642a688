using System.Data;
using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Finds out, once, whether a server or a pooler stands at an endpoint, and how many connections a server takes.</summary>
internal sealed class ServerCapacity(OpenRuntime runtime)
{
    // pg_settings shows these to every role; reserved_connections exists from PostgreSQL 16 on (manual, 20.3.1).
    private const string Query =
        """
        select coalesce(max(setting::int) filter (where name = 'max_connections'), 0),
               coalesce(sum(setting::int) filter (where name <> 'max_connections'), 0)::int,
               pg_backend_pid()
        from pg_settings
        where name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
        """;

    /// <summary>Asks the session just opened and tells its server's budget, if nobody has yet. A failure leaves it to the next.</summary>
    public async ValueTask ReadOnceAsync(OpenRequest request, PoolGeneration pool, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (ServerOf(pool, connection) is not { NeedsLook: true } server || !server.TryClaimLook())
            return;
        var answered = false;
        try
        {
            await using var command = new NpgsqlCommand(Query, connection);
            await using var reader = request.IsBlocking ? command.ExecuteReader() : await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            if (request.IsBlocking ? reader.Read() : await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                answered = true;
                if (reader.GetInt32(2) != connection.ProcessID)
                    FoundPooler(server);
                else
                    FoundServer(server, pool, new ServerCapacityRead(reader.GetInt32(0), reader.GetInt32(1)));
            }
        }
        catch (PostgresException) when (connection.State == ConnectionState.Open)
        {
            // Something in between that speaks the protocol but has no pg_settings: the provisional limit stays. One that the server ended
            // meanwhile is no connection to hand out: that goes on as a failed open.
        }
        finally
        {
            server.LookEnded(answered);
        }
    }

    /// <summary>
    /// A session is done by another process than its login named, or a login was answered in a pooler's words: what is known of one session
    /// holds for no other.
    /// </summary>
    public void FoundPooler(ServerState server)
    {
        if (server.Kind == ServerKind.Pooler)
            return;
        server.Kind = ServerKind.Pooler;
        server.Budget.Tell(PoolerFound.Instance);
        foreach (var generation in runtime.Generations)
        {
            if (generation.Shares.Any(share => share.Server == server))
                generation.View.StandAlone(generation.Trust, runtime.Leases.Clock.Milliseconds);
        }
    }

    /// <summary>Which of the pool's hosts answered.</summary>
    public static ServerState? ServerOf(PoolGeneration pool, NpgsqlConnection connection)
    {
        if (pool.Shares is [var only])
            return only.Server;
        var endpoint = new ServerEndpoint(connection.Host ?? "", connection.Port);
        return pool.Shares.FirstOrDefault(share => share.Server.Endpoint == endpoint)?.Server;
    }

    private static void FoundServer(ServerState server, PoolGeneration pool, ServerCapacityRead read)
    {
        server.Kind = ServerKind.Server;
        if (read.MaxConnections <= 0)
            return;
        server.Budget.Tell(read);

        // Hosts named together are one cluster. Its standbys may never be opened, but the pool needs a permit of each.
        foreach (var share in pool.Shares)
        {
            if (share.Server != server && share.Server.CapacityUnknown)
                share.Server.Budget.Tell(read with { IsPresumed = true });
        }
    }
}
