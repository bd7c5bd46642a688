using System.Globalization;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// Ends the sessions of leases that outlived the shutdown's deadline. PostgreSQL lets a role end its own sessions
/// (<c>pg_terminate_backend</c>), which gives their users a clean 57P01 instead of a connection used by two threads.
/// </summary>
internal static class SessionTerminator
{
    /// <summary>Longest wait for a permit to be free, so that this connection fits under the server's limit.</summary>
    private static readonly TimeSpan MaxWaitForRoom = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    // Behind a pooler the numbers are the pooler's, of no process or of somebody else's. There this connection's own number isn't that of the
    // process that serves it, and nothing is ended.
    // A process number is used again only after its process has gone. So a process that is older than the moment at which the number was ours is
    // ours still, whatever else runs under this role and name.
    private const string Query =
        """
        select count(pg_terminate_backend(a.pid))
        from pg_stat_activity a join unnest($1::int[], $2::float8[]) as ours(pid, seconds) on a.pid = ours.pid
        where $3 = pg_backend_pid() and a.usename = current_user and a.datname = current_database() and a.pid <> pg_backend_pid()
          and extract(epoch from clock_timestamp() - a.backend_start) >= ours.seconds
        """;

    /// <summary>
    /// Ends the sessions of a generation. One generation of a server at a time does, by one connection beside the pool: thousands of tenants
    /// at once would need a slot each on a server that may have none left.
    /// </summary>
    /// <returns>How many sessions were told to end.</returns>
    public static async Task<int> TerminateAsync(PoolGeneration pool, LeaseRuntime runtime, CancellationToken cancellationToken)
    {
        if (pool.Word.Leases == 0 || pool.Connections.Sessions.Count == 0 || pool.View.IsPooled)
            return 0;
        var server = pool.Shares[0].Server;
        await server.EndingSessions.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await WaitForRoomAsync(server, runtime, cancellationToken).ConfigureAwait(false);
            return await EndAsync(pool, runtime, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            server.EndingSessions.Release();
        }
    }

    private static async Task WaitForRoomAsync(ServerState server, LeaseRuntime runtime, CancellationToken cancellationToken)
    {
        var until = runtime.Monotonic.Now + MaxWaitForRoom;
        while (server.Granted >= server.Limit && runtime.Monotonic.Now < until)
            await Task.Delay(Poll, runtime.Time, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<int> EndAsync(PoolGeneration pool, LeaseRuntime runtime, CancellationToken cancellationToken)
    {
        await using var source = DataSourceFactory.BuildUnpooled(
            pool.Tenant, pool.Credentials.Postgres, pool.Secrets.CurrentPassword, runtime.NpgsqlLoggers, runtime.Options);
        await using var hosts = SeveralHosts.Of(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(Query, connection);
        var sessions = pool.Connections.Sessions;
        command.Parameters.Add(new NpgsqlParameter { Value = sessions.Select(session => session.Process).ToArray() });
        var now = runtime.Monotonic.Now;
        command.Parameters.Add(new NpgsqlParameter { Value = sessions.Select(session => (now - session.OursAt).TotalSeconds).ToArray() });
        command.Parameters.Add(new NpgsqlParameter { Value = connection.ProcessID });
        return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }
}
