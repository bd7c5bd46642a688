using System.Data;
using System.Runtime.CompilerServices;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// One data source of a tenant on one set of credentials, with its leases. The tenant's pool actor makes, replaces and closes it; callers
/// take leases on it without a message.
/// </summary>
/// <remarks>
/// A pool with P permits gives at most P leases at once, so Npgsql never holds more than P physical connections. The rest of this class:
/// the queue of callers in <c>PoolGeneration.Queue.cs</c>, permits that go back to the budgets in <c>PoolGeneration.Permits.cs</c>, those
/// without a connection in <c>PoolGeneration.Opening.cs</c>, the end in <c>PoolGeneration.Draining.cs</c>.
/// </remarks>
internal sealed partial class PoolGeneration
{
    // Shorter than a server takes to restart; longer than busy pools ever wait for a lease to end.
    private const long ProofMilliseconds = 1_000;
    private const long ShakenMilliseconds = 2_000;

    private readonly LeaseRuntime _runtime;
    private readonly IGenerationOwner _owner;
    private ConnectionEpoch _epoch;
    private StateChangeEventHandler _onFirstHalf;
    private StateChangeEventHandler _onSecondHalf;
    private readonly ServerShare[] _shares;
    private readonly ServerState _server;
    private readonly ServerHealth _health;
    private readonly CoarseClock _clock;
    private readonly Lock _gate = new();
    private long _word;
    private long _lastUsed;
    private long _provedAt;
    private long _shakenAt = -ShakenMilliseconds;
    private int _healthySince;
    private GenerationCredentials _credentials;

    public PoolGeneration(
        LeaseRuntime runtime,
        TenantKey tenant,
        int number,
        GenerationCredentials credentials,
        ServerState[] servers,
        IGenerationOwner owner)
    {
        _runtime = runtime;
        _owner = owner;
        _credentials = credentials;
        _clock = runtime.Clock;
        _epoch = new ConnectionEpoch(this);
        (_onFirstHalf, _onSecondHalf) = (_epoch.OnFirstHalf, _epoch.OnSecondHalf);
        _cap = new PermitCap(runtime.Options.Connections.MaxPerTenant);
        Tenant = tenant;
        Number = number;
        CreatedAt = runtime.Time.GetUtcNow();

        // Anywhere in the stride of the sampling: of thousands of tenants that open seldom, every one may be the sample.
        _accessesSeen = Random.Shared.Next(LeaseWord.SampleEvery);
        _word = _accessesSeen * LeaseWord.OneAccess;
        _lastUsed = _provedAt = runtime.Clock.Milliseconds;
        _shares = Array.ConvertAll(servers, server => new ServerShare(this, server));
        _server = servers[0];
        Endpoints = Array.ConvertAll(servers, server => server.Endpoint);
        ServerName = servers.Length == 1 ? _server.Name : string.Join(",", servers.Select(s => s.Name));
        _health = servers.Length == 1 ? _server.Health : new ServerHealth(runtime.Time);
        _healthySince = _health.Epoch & ~1;
        DataSource = DataSourceFactory.Build(this, runtime.Options);
        runtime.Generations.TryAdd(this, 0);
    }

    public TenantKey Tenant { get; }

    /// <summary>1 for a pool's first credentials, one more each time they change so that a new data source is needed.</summary>
    public int Number { get; }

    public NpgsqlDataSource DataSource { get; }

    public DateTimeOffset CreatedAt { get; }

    /// <summary>The credentials new physical connections use. A changed password replaces them in place.</summary>
    public GenerationCredentials Credentials
    {
        get => Volatile.Read(ref _credentials);
        set => Volatile.Write(ref _credentials, value);
    }

    /// <summary>Whether the server is there. Several hosts share one health of their own: they fail only together.</summary>
    public ServerHealth Health => _health;

    /// <summary>The tenant's memory of refused logins: while it is open, permits are of use to one that tries only.</summary>
    public Circuit? Login { get; set; }

    /// <summary>The servers; several only where the credentials name several hosts.</summary>
    public IReadOnlyList<ServerEndpoint> Endpoints { get; }

    /// <summary>The servers for people: <c>host:port</c>, joined by commas.</summary>
    public string ServerName { get; }

    public ILoggerFactory Loggers => _runtime.NpgsqlLoggers;

    public LeaseWord Word => new(Volatile.Read(ref _word));

    /// <summary>When a lease last ended, or the generation was made (<see cref="CoarseClock.Milliseconds"/>).</summary>
    public long LastUsed => Volatile.Read(ref _lastUsed);

    public IReadOnlyList<ServerShare> Shares => _shares;

    /// <summary>The hot path: takes a lease on a permit the pool holds, in one compare-and-swap. False: take the slow path.</summary>
    /// <param name="before">The word the lease was counted on: its current half has it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLease(out LeaseWord before)
    {
        before = Word;
        if (!MayLease(before))
            return false;
        return Interlocked.CompareExchange(ref _word, before.WithLease().Bits, before.Bits) == before.Bits || TryLeaseAgain(out before);
    }

    private bool TryLeaseAgain(out LeaseWord before)
    {
        while (true)
        {
            before = Word;
            if (!MayLease(before))
                return false;
            if (Interlocked.CompareExchange(ref _word, before.WithLease().Bits, before.Bits) == before.Bits)
                return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayLease(LeaseWord word) =>
        !word.Has(LeaseWord.Draining | LeaseWord.Slow | LeaseWord.Unproved) && word.Leases < word.Permits && _health.Epoch == Volatile.Read(ref _healthySince);

    public void Touch() => Volatile.Write(ref _lastUsed, _clock.Recent);

    /// <summary>
    /// Nothing has come back whole for a while: the server may have restarted unnoticed, and idle connections may be dead. The next lease
    /// takes the slow path and asks the server before it is handed out.
    /// </summary>
    public bool IsUnproved => _clock.Milliseconds - Volatile.Read(ref _provedAt) > ProofMilliseconds;

    /// <summary>Sends the next lease to the slow path if nothing has come back whole for a while. Called now and then, so that leases
    /// need not read the clock.</summary>
    public void MarkIfUnproved()
    {
        if (!Word.Has(LeaseWord.Unproved) && IsUnproved)
            SetFlag(LeaseWord.Unproved);
    }

    /// <summary>A connection works, or did a moment ago.</summary>
    public void Proved()
    {
        UsedAndProved();
        if (Word.Has(LeaseWord.Unproved) && !IsShaken)
            ClearFlag(LeaseWord.Unproved);
    }

    private void UsedAndProved()
    {
        var now = _clock.Recent;
        Volatile.Write(ref _lastUsed, now);
        Volatile.Write(ref _provedAt, now);
    }

    /// <summary>
    /// Ties a lease to its connection, which has just been opened: from here on the lease ends when the connection closes. Nothing but
    /// its owner can close it before that, because Npgsql's keepalive, which could, is switched off.
    /// </summary>
    public NpgsqlConnection Bind(NpgsqlConnection connection, int half)
    {
        connection.StateChange += half == 0 ? _onFirstHalf : _onSecondHalf;
        return connection;
    }

    /// <summary>Ties a lease to its connection, opened on the slow path.</summary>
    public static NpgsqlConnection Bind(NpgsqlConnection connection, int half, ConnectionEpoch epoch)
    {
        connection.StateChange += half == 0 ? epoch.OnFirstHalf : epoch.OnSecondHalf;
        return connection;
    }

    /// <summary>Ties a lease under an ambient transaction to its connection, which has just been opened.</summary>
    public NpgsqlConnection Bind(NpgsqlConnection connection, EnlistedLease lease)
    {
        connection.StateChange += new ConnectionTracker(_runtime, this, lease).OnStateChange;
        return connection;
    }

    /// <summary>Ends a lease whose connection could not be opened. Nothing stands behind its permit, so that goes back.</summary>
    public void Abandon(int half) => ReleaseSlow(half, LeaseEnd.Gone);

    /// <summary>Ends a lease that was never used, or whose connection went back to the pool: its permit stays.</summary>
    public void EndUnused(int half) => Release(half);

    /// <summary>
    /// A connection object that its owner opens when it likes. Each time it opens it counts as a lease, over the permits if need be.
    /// It keeps the data source from being disposed (not its pool from being evicted) until the garbage collector has it.
    /// </summary>
    /// <returns>Null: the generation is closed.</returns>
    public NpgsqlConnection? TryCreateUnopened()
    {
        if (!TryPin())
            return null;
        var connection = DataSource.CreateConnection();
        connection.StateChange += new PinningTracker(_runtime, this).OnStateChange;
        return connection;
    }

    /// <summary>Follows a connection object that its owner opens again.</summary>
    public ConnectionTracker Track() => new(_runtime, this);

    /// <summary>The connection of a lease was closed, or broke.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndLease(NpgsqlConnection connection, int half, ConnectionEpoch? epoch = null)
    {
        if (connection.FullState == ConnectionState.Broken)
            ReleaseBroken(half);
        else if (epoch is { IsCleared: true })
            ReleaseCleared(half);
        else
            Release(half);
    }

    /// <summary>A lease under an ambient transaction has ended.</summary>
    public void EndEnlisted(int half, EnlistedEnd end)
    {
        switch (end)
        {
            case EnlistedEnd.Broken:
                ReleaseBroken(half);
                break;
            case EnlistedEnd.Returned:
                Release(half);
                break;
            default:
                // Npgsql does not tell when such a connection is back in its pool, and a lease on its permit before that could open one
                // too many. Retired, it closes whenever it comes back, and its permit rests meanwhile.
                Touch();
                ReleaseSlow(half, LeaseEnd.Retired);
                break;
        }
    }

    /// <summary>Ends a lease whose connection went back to the pool.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release(int half)
    {
        UsedAndProved();
        if (_server.Wanted <= 0 && (_shares.Length == 1 || !AnyWanted()))
        {
            var word = Word;
            while (!word.Has(LeaseWord.Draining | LeaseWord.Slow | LeaseWord.NotifyIdle))
            {
                var seen = Interlocked.CompareExchange(ref _word, word.Bits - LeaseWord.OneLease(half), word.Bits);
                if (seen == word.Bits)
                    return;
                word = new LeaseWord(seen);
            }
        }

        ReleaseSlow(half, LeaseEnd.Idle);
    }

    /// <summary>
    /// Ends a lease whose connection is gone. Its permit goes back too, so that the connection that replaces it is opened under the
    /// server's bound on concurrent opens.
    /// </summary>
    private void ReleaseBroken(int half)
    {
        Touch();
        ReportBroken();
        ReleaseSlow(half, LeaseEnd.Gone);
    }

    /// <summary>Ends a lease whose connection closed on its way back, because the pool was cleared while it was in use.</summary>
    private void ReleaseCleared(int half)
    {
        UsedAndProved();
        ReleaseSlow(half, LeaseEnd.Cleared);
    }

    /// <summary>
    /// Idle connections were dropped a moment ago. Npgsql then retires those in use too, so a lease may find nothing behind its permit and
    /// open anew: for a while leases take the slow path, where that is bounded.
    /// </summary>
    public bool IsShaken => _clock.Milliseconds - Volatile.Read(ref _shakenAt) < ShakenMilliseconds;

    /// <summary>A connection that was open is dead: what is idle may be too, and is not handed out.</summary>
    public void ReportBroken()
    {
        if (Health.ReportBroken(Tenant))
            LeaseLog.ConnectionsSuspect(_runtime.Logger, ServerName);
        DropIdle();
    }

    /// <summary>The password for a physical connection being opened. Credentials past their time-to-live still serve, but ask for a refresh.</summary>
    public string CurrentPassword()
    {
        // A connection object can be older than the shutdown and be opened after it.
        if (_runtime.ShuttingDown && Volatile.Read(ref _closing) != 0)
            throw new HyperConnException(CommonFailures.ShuttingDown(Tenant));
        var credentials = Credentials;
        var now = _runtime.Time.GetUtcNow();
        if (now >= credentials.StaleAt)
            _owner.CredentialsStale(this);
        return now - credentials.FetchedAt < _runtime.Options.Secrets.HardLimit
            ? credentials.Postgres.Password
            : throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.StoreUnavailable, "The credentials are past their hard limit.", Tenant));
    }

    private bool AnyWanted() => Array.Exists(_shares, share => share.Server.Wanted > 0);

    private void Add(long delta) => Interlocked.Add(ref _word, delta);

    private void SetFlag(long flag) => Interlocked.Or(ref _word, flag);

    private void ClearFlag(long flag) => Interlocked.And(ref _word, ~flag);
}
