using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Cluster.Nodes;

/// <summary>What came of counting.</summary>
/// <param name="IsAnswered">Whether anything was found out.</param>
/// <param name="Sessions">Sessions by node; null: they can't be counted there.</param>
internal readonly record struct SessionsFound(bool IsAnswered, IReadOnlyDictionary<string, int>? Sessions);

/// <summary>
/// Counts the sessions of every node of the cluster on one server, by one session beside the pools. The coordinator keeps room for that one, so it needs
/// no permit: it is needed most when every permit is taken.
/// </summary>
internal static class SessionCounter
{
    // Every role sees pid, names and application_name of every session (PostgreSQL manual, 27.2.3). What kind of process it is, it may not see.
    private const string Query =
        """
        select right(application_name, $2), count(*)::int
        from pg_stat_activity
        where application_name like $1 and coalesce(backend_type, 'client backend') = 'client backend'
        group by 1
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>Counts.</summary>
    /// <param name="runtime">The pools, one of which lends its credentials.</param>
    /// <param name="server">The server.</param>
    /// <param name="tags">What sessions are counted by.</param>
    /// <param name="until">When this node may open nothing more (<see cref="PoolRuntime.Monotonic"/>).</param>
    public static async Task<SessionsFound> CountAsync(PoolRuntime runtime, ServerState server, SessionTags tags, TimeSpan until)
    {
        var pools = runtime.Generations.Where(generation => generation.Shares.Any(share => ReferenceEquals(share.Server, server))).ToList();
        if (pools.Find(generation => generation.Shares.Count == 1 && generation.Login is not { IsOpen: true }) is not { } pool)
            return new SessionsFound(pools.Exists(generation => generation.Shares.Count > 1), null);
        if (runtime.Monotonic.Now >= until)
            return default;
        using var limit = new CancellationTokenSource(Limit, runtime.Time);
        try
        {
            await using var source = DataSourceFactory.BuildUnpooled(
                pool.Tenant, pool.Credentials.Postgres, pool.Secrets.CurrentPassword, runtime.Leases.NpgsqlLoggers, runtime.Options);
            await using var connection = await source.OpenConnectionAsync(limit.Token).ConfigureAwait(false);
            return runtime.Monotonic.Now < until ? await CountAsync(connection, tags, limit.Token).ConfigureAwait(false) : default;
        }
        catch (PostgresException refused)
        {
            return WhenRefused(refused);
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException or TimeoutException)
        {
            // The server is away, say. Whoever asked asks again.
            return default;
        }
    }

    private static SessionsFound WhenRefused(PostgresException refused) => new(
        refused.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn
            or PostgresErrorCodes.SyntaxError or PostgresErrorCodes.FeatureNotSupported,
        null);

    private static async Task<SessionsFound> CountAsync(NpgsqlConnection connection, SessionTags tags, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Query, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = tags.Pattern });
        command.Parameters.Add(new NpgsqlParameter { Value = SessionTags.NodeDigits });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var sessions = new Dictionary<string, int>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            sessions[reader.GetString(0)] = reader.GetInt32(1);
        return new SessionsFound(true, sessions);
    }
}
