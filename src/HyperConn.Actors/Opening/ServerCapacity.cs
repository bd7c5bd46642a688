using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Reads from a server, once, how many connections it takes.</summary>
internal static class ServerCapacity
{
    // pg_settings shows these to every role; reserved_connections exists from PostgreSQL 16 on (manual, 20.3.1).
    private const string Query =
        """
        select coalesce(max(setting::int) filter (where name = 'max_connections'), 0),
               coalesce(sum(setting::int) filter (where name <> 'max_connections'), 0)::int
        from pg_settings
        where name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
        """;

    /// <summary>Asks the server behind a connection just opened and tells its budget, if nobody has yet. A failure leaves it to the next.</summary>
    public static async ValueTask ReadOnceAsync(OpenRequest request, PoolGeneration pool, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (ServerOf(pool, connection) is not { CapacityUnknown: true } server || !server.TryClaimCapacityRead())
            return;
        try
        {
            await using var command = new NpgsqlCommand(Query, connection);
            await using var reader = request.IsBlocking ? command.ExecuteReader() : await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            if ((request.IsBlocking ? reader.Read() : await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) && reader.GetInt32(0) > 0)
            {
                var read = new ServerCapacityRead(reader.GetInt32(0), reader.GetInt32(1));
                server.Budget.Tell(read);

                // Hosts named together are one cluster. Its standbys may never be opened, but the pool needs a permit of each.
                foreach (var share in pool.Shares)
                {
                    if (share.Server != server && share.Server.CapacityUnknown)
                        share.Server.Budget.Tell(read with { IsPresumed = true });
                }
            }
        }
        catch (PostgresException)
        {
            // Something in between that speaks the protocol but has no pg_settings: the provisional limit stays.
        }
        finally
        {
            server.CapacityReadEnded();
        }
    }

    /// <summary>Which of the pool's hosts answered.</summary>
    private static ServerState? ServerOf(PoolGeneration pool, NpgsqlConnection connection)
    {
        if (pool.Shares is [var only])
            return only.Server;
        var endpoint = new ServerEndpoint(connection.Host ?? "", connection.Port);
        return pool.Shares.FirstOrDefault(share => share.Server.Endpoint == endpoint)?.Server;
    }
}
