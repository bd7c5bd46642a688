using System.Globalization;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// Ends the sessions of leases that outlived the shutdown's deadline. PostgreSQL lets a role end its own sessions
/// (<c>pg_terminate_backend</c>), which gives their users a clean 57P01 instead of a connection used by two threads.
/// </summary>
internal static class SessionTerminator
{
    /// <returns>How many sessions were told to end.</returns>
    public static async Task<int> TerminateAsync(PoolGeneration pool, HyperConnOptions options, CancellationToken cancellationToken)
    {
        var sessions = pool.Connections.Sessions;
        if (sessions.Length == 0)
            return 0;
        await using var source = DataSourceFactory.BuildUnpooled(pool, options);
        await using var command = source.CreateCommand(
            """
            select count(pg_terminate_backend(pid)) from pg_stat_activity
            where pid = any($1) and usename = current_user and datname = current_database()
              and application_name = current_setting('application_name') and pid <> pg_backend_pid()
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = sessions });
        return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }
}
