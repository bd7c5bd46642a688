using Akka.Actor;
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
/// Counts the sessions of every node of the cluster on one server, by one connection beside the pools. It waits in the server's line for a
/// permit as a tenant's pool would, and as one that has none it is first.
/// </summary>
internal sealed class SessionCounter : IPermitHolder
{
    // Every role sees pid, names and application_name of every session (PostgreSQL manual, 27.2.3). What kind of process it is, it may not see.
    private const string Query =
        """
        select right(application_name, $2), count(*)::int
        from pg_stat_activity
        where application_name like $1 and coalesce(backend_type, 'client backend') = 'client backend'
        group by 1
        """;

    private readonly PoolRuntime _runtime;
    private readonly ServerState _server;
    private readonly PoolGeneration _pool;
    private readonly SessionTags _tags;
    private readonly TimeSpan _limit;
    private readonly TaskCompletionSource<SessionsFound> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _since;
    private int _state;

    private SessionCounter(PoolRuntime runtime, ServerState server, PoolGeneration pool, SessionTags tags, TimeSpan limit)
    {
        (_runtime, _server, _pool, _tags, _limit) = (runtime, server, pool, tags, limit);
        _since = runtime.Clock.Milliseconds;
    }

    public TenantKey Tenant => _pool.Tenant;

    public int Leases => Volatile.Read(ref _state) == State.Counting ? 1 : 0;

    public int Waiters => Volatile.Read(ref _state) == State.Waiting ? 1 : 0;

    public long? WaitsSince => Waiters > 0 ? _since : null;

    public long LastUsed => _since;

    /// <summary>Counts.</summary>
    /// <param name="runtime">The pools, one of which lends its credentials.</param>
    /// <param name="server">The server.</param>
    /// <param name="tags">What sessions are counted by.</param>
    /// <param name="limit">Longest time, for the permit and for the question each.</param>
    public static async Task<SessionsFound> CountAsync(PoolRuntime runtime, ServerState server, SessionTags tags, TimeSpan limit)
    {
        var pools = runtime.Generations.Where(generation => generation.Shares.Any(share => ReferenceEquals(share.Server, server))).ToList();
        if (pools.Find(generation => generation.Shares.Count == 1 && generation.Login is not { IsOpen: true }) is not { } pool)
            return new SessionsFound(pools.Exists(generation => generation.Shares.Count > 1), null);
        var counter = new SessionCounter(runtime, server, pool, tags, limit);
        server.Budget.Tell(new PermitWanted(counter), ActorRefs.NoSender);
        try
        {
            await counter._found.Task.WaitAsync(limit, runtime.Time).ConfigureAwait(false);
        }
        catch (TimeoutException) when (Interlocked.CompareExchange(ref counter._state, State.Done, State.Waiting) == State.Waiting)
        {
            return default;
        }
        catch (TimeoutException)
        {
            // It has its permit, and a limit of its own.
        }

        return await counter._found.Task.ConfigureAwait(false);
    }

    public PermitOffer Offer()
    {
        if (Interlocked.CompareExchange(ref _state, State.Counting, State.Waiting) != State.Waiting)
            return PermitOffer.Declined;
        _ = Task.Run(CountOnPermitAsync);
        return PermitOffer.TakenLast;
    }

    public bool StillWants() => Waiters > 0;

    public void Reclaim(int keep) => _server.Budget.Tell(new PermitsReturned(this, 0, AnswersReclaim: true), ActorRefs.NoSender);

    private async Task CountOnPermitAsync()
    {
        var found = default(SessionsFound);
        try
        {
            using var limit = new CancellationTokenSource(_limit, _runtime.Time);
            if (_server.Share is not { IsValid: false })
                found = await AskAsync(limit.Token).ConfigureAwait(false);
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.SyntaxError or PostgresErrorCodes.FeatureNotSupported)
        {
            found = new SessionsFound(true, null);
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException or TimeoutException)
        {
            // The server is away, say. Whoever asked asks again.
        }
        finally
        {
            Volatile.Write(ref _state, State.Done);
            _server.Budget.Tell(new OpenEnded(this), ActorRefs.NoSender);
            _server.Budget.Tell(new HolderClosed(this), ActorRefs.NoSender);
            _found.TrySetResult(found);
        }
    }

    private async Task<SessionsFound> AskAsync(CancellationToken cancellationToken)
    {
        await using var source = DataSourceFactory.BuildUnpooled(
            _pool.Tenant, _pool.Credentials.Postgres, _pool.Secrets.CurrentPassword, _runtime.Leases.NpgsqlLoggers, _runtime.Options);
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(Query, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = _tags.Pattern });
        command.Parameters.Add(new NpgsqlParameter { Value = SessionTags.NodeDigits });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var sessions = new Dictionary<string, int>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            sessions[reader.GetString(0)] = reader.GetInt32(1);
        return new SessionsFound(true, sessions);
    }

    private static class State
    {
        public const int Waiting = 0;
        public const int Counting = 1;
        public const int Done = 2;
    }
}

/// <summary>Nobody counted: the coordinator asks again by itself.</summary>
internal sealed record NotCounted
{
    public static readonly NotCounted Instance = new();
}
