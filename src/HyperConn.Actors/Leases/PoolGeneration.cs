using System.Data;
using System.Runtime.CompilerServices;
using Akka.Actor;
using HyperConn.Primitives;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// One data source of a tenant on one set of credentials, with its leases. The tenant's pool actor makes, replaces and closes it; callers
/// take leases on it without a message.
/// </summary>
/// <remarks>
/// A pool with P permits gives at most P leases at once, and a lease opens a connection only when none is idle: so Npgsql never holds more
/// than P connections. What is joined here: who gets a lease (<see cref="LeaseDesk"/>), what the budgets grant
/// (<see cref="PermitRequests"/>), the connections (<see cref="TenantConnections"/>), and whether idle ones can be trusted
/// (<see cref="GenerationTrust"/>).
/// </remarks>
internal sealed class PoolGeneration : IPermitUser
{
    private readonly LeaseRuntime _runtime;
    private readonly ServerState _server;
    private readonly CoarseClock _clock;
    private readonly LeaseDesk _desk;
    private readonly TenantConnections _connections;
    private readonly GenerationTrust _trust;
    private readonly GenerationEnd _end = new();
    private readonly StateChangeEventHandler _onFirstBucket;
    private readonly StateChangeEventHandler _onSecondBucket;
    private readonly bool _hasOneServer;
    private long _touchedAt;
    private GenerationCredentials _credentials;

    public PoolGeneration(
        LeaseRuntime runtime,
        TenantKey tenant,
        int number,
        GenerationCredentials credentials,
        ServerState[] servers,
        IGenerationOwner owner)
    {
        var options = runtime.Options;
        _runtime = runtime;
        _credentials = credentials;
        _clock = runtime.Clock;
        _touchedAt = _clock.Milliseconds;
        _server = servers[0];
        _hasOneServer = servers.Length == 1;
        Owner = owner;
        Tenant = tenant;
        Number = number;
        CreatedAt = runtime.Time.GetUtcNow();
        Endpoints = Array.ConvertAll(servers, server => server.Endpoint);
        ServerName = _hasOneServer ? _server.Name : string.Join(",", servers.Select(s => s.Name));
        Health = _hasOneServer ? _server.Health : new ServerHealth(runtime.Time);

        // Anywhere in the stride of the sampling: of thousands of tenants that open seldom, every one may be the sample.
        var accesses = Random.Shared.Next(LeaseWord.SampleEvery);
        _desk = new LeaseDesk(_server, options.Servers, _clock, accesses)
        {
            Permits = new PermitRequests(this, servers, options.Connections.MaxPerTenant),
        };
        _trust = new GenerationTrust(Health, _clock, options.Connections.ValidateAfter, accesses);
        if (_trust.AsksAlways)
            _desk.Set(LeaseWord.NeedsProbe);
        (_onFirstBucket, _onSecondBucket) = (OnFirstBucket, OnSecondBucket);
        _connections = new TenantConnections(DataSourceFactory.Build(tenant, credentials.Postgres, CurrentPassword, runtime.NpgsqlLoggers, options));
    }

    public TenantKey Tenant { get; }

    /// <summary>1 for a pool's first credentials, one more each time they change so that a new data source is needed.</summary>
    public int Number { get; }

    /// <summary>Who made it.</summary>
    public IGenerationOwner Owner { get; }

    public DateTimeOffset CreatedAt { get; }

    public NpgsqlDataSource DataSource => _connections.DataSource;

    /// <summary>The physical connections.</summary>
    public TenantConnections Connections => _connections;

    /// <summary>Who has leases, and who waits.</summary>
    public LeaseDesk Desk => _desk;

    /// <summary>The credentials new physical connections use. A changed password replaces them in place.</summary>
    public GenerationCredentials Credentials
    {
        get => Volatile.Read(ref _credentials);
        set => Volatile.Write(ref _credentials, value);
    }

    /// <summary>Whether the server is there. Several hosts share one health of their own: they fail only together.</summary>
    public ServerHealth Health { get; }

    /// <summary>The tenant's memory of refused logins: while it is open, permits are of use to one that tries only.</summary>
    public Circuit? Login { get; set; }

    /// <summary>The servers; several only where the credentials name several hosts.</summary>
    public IReadOnlyList<ServerEndpoint> Endpoints { get; }

    /// <summary>The servers for people: <c>host:port</c>, joined by commas.</summary>
    public string ServerName { get; }

    public LeaseWord Word => _desk.Word;

    /// <summary>When a lease last ended, or somebody asked for the pool (<see cref="CoarseClock.Milliseconds"/>).</summary>
    public long LastUsed => Math.Max(Volatile.Read(ref _touchedAt), _trust.ReturnedAt);

    public IReadOnlyList<ServerShare> Shares => _desk.Permits.Shares;

    public int Waiters => _desk.Waiters;

    /// <inheritdoc/>
    public void ReclaimSoon(ServerShare asked, int keep) => Owner.ReclaimIdle(this, asked, keep);

    /// <summary>Leases begun so far.</summary>
    public long Accesses => _desk.Begun;

    /// <summary>How old the oldest lease is at least; null: none is known to be old.</summary>
    public TimeSpan? OldestLease => _desk.OldestLease(_runtime.Monotonic.Now);

    /// <summary>Ends when the last lease has ended and every connection is closed.</summary>
    public Task Closed => _end.Closed;

    /// <summary>Ends when the generation takes no more leases.</summary>
    public Task DrainBegun => _end.Begun;

    /// <summary>The hot path: takes a lease on a permit the pool holds, in one compare-and-swap. False: take the slow path.</summary>
    /// <param name="before">The word the lease was counted on: its current age bucket has it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLease(out LeaseWord before)
    {
        if (_trust.IsCurrent)
            return _desk.TryTake(out before);
        before = default;
        return false;
    }

    /// <summary>Counts as a use for eviction: somebody asked for the pool.</summary>
    public void Touch() => Volatile.Write(ref _touchedAt, _clock.Recent);

    /// <summary>
    /// Looks at the idle connections, before a lease is taken past the hot path. What is lost, because the server was away, is closed, and
    /// its permits go back: new connections then need a grant each, which bounds how many are opened at once.
    /// </summary>
    /// <returns>Whether an idle connection must be asked before it is handed out.</returns>
    public bool NeedsProbe()
    {
        var trust = _trust.Judge(out var epoch);
        if (trust != IdleTrust.Lost)
            return trust == IdleTrust.Probe || Word.Has(LeaseWord.NeedsProbe);
        DropIdle();
        if ((epoch & 1) == 0)
            _trust.Trust(epoch);
        return false;
    }

    /// <summary>A connection was opened physically.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="epoch">The server's epoch before it was opened.</param>
    public void NoteOpened(NpgsqlConnection connection, int epoch)
    {
        _trust.NoteOpened(epoch);
        _connections.NoteSession(connection.ProcessID, _runtime.Monotonic.Now, _runtime.Options.Connections.MaxPerTenant);
    }

    /// <summary>An idle connection was asked, and answered.</summary>
    public void NoteAnswered() => _trust.NoteAnswered();

    /// <summary>Sees to it that old leases, and connections that were idle for too long, are noticed. Called now and then, so that leases need
    /// not read the clock.</summary>
    public void Look(long now)
    {
        if (_trust.Look(Word, now))
            _desk.Set(LeaseWord.NeedsProbe);
        else if (Word.Has(LeaseWord.NeedsProbe) && !_trust.AsksAlways)
            _desk.Clear(LeaseWord.NeedsProbe);
        if (!_hasOneServer)
            Health.DoubtIfSilent(now);
    }

    /// <summary>Leases held for longer than a threshold, told once.</summary>
    public (int Leases, TimeSpan Age)? FindOldLeases(TimeSpan threshold) => _desk.FindOldLeases(threshold, _runtime.Monotonic.Now);

    /// <summary>
    /// Ties a lease to its connection, which has just been opened: from here on the lease ends when the connection closes. Nothing but
    /// its owner can close it before that, because Npgsql's keepalive, which could, is switched off.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public NpgsqlConnection Bind(NpgsqlConnection connection, int bucket)
    {
        connection.StateChange += bucket == 0 ? _onFirstBucket : _onSecondBucket;
        return connection;
    }

    /// <summary>Ties a lease under an ambient transaction to its connection, which has just been opened.</summary>
    public NpgsqlConnection Bind(NpgsqlConnection connection, EnlistedLease lease)
    {
        connection.StateChange += new ConnectionTracker(_runtime, this, lease).OnStateChange;
        return connection;
    }

    /// <summary>
    /// A connection object that its owner opens when it likes. Each time it opens it counts as a lease, over the permits if need be.
    /// It keeps the data source from being disposed (not its pool from being evicted) until the garbage collector has it.
    /// </summary>
    /// <returns>Null: the generation is closed.</returns>
    public NpgsqlConnection? TryCreateUnopened()
    {
        if (!_connections.TryPin())
            return null;
        var connection = DataSource.CreateConnection();
        connection.StateChange += new ConnectionTracker.Pinning(_runtime, this).OnStateChange;
        return connection;
    }

    /// <summary>A connection object was opened outside a lease: counts it, over the permits if need be.</summary>
    /// <returns>The age bucket it was counted in.</returns>
    public int LeaseAnyway(NpgsqlConnection connection)
    {
        _connections.NoteSession(connection.ProcessID, _runtime.Monotonic.Now, _runtime.Options.Connections.MaxPerTenant);
        var bucket = _desk.TakeAnyway(out var overdrawn);
        if (overdrawn)
        {
            foreach (var share in Shares)
                share.Server.Budget.Tell(new PermitOverdrawn(share));
        }

        return bucket;
    }

    /// <summary>Ends a lease whose connection was closed, or broke.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndLease(NpgsqlConnection connection, int bucket)
    {
        if (connection.FullState == ConnectionState.Broken)
            EndBroken(bucket);
        else
            EndReturned(bucket);
    }

    /// <summary>Ends a lease whose connection went back to the pool.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndReturned(int bucket)
    {
        _trust.ReturnedAt = _clock.Recent;
        if (_server.Wanted > 0 || (!_hasOneServer && _desk.Permits.IsAnyWanted()) || !_desk.TryEnd(bucket))
            EndSlow(bucket, keepsPermit: true);
    }

    /// <summary>Ends a lease that was never used: its permit stays.</summary>
    public void EndUnused(int bucket) => EndSlow(bucket, keepsPermit: true);

    /// <summary>
    /// Ends a lease whose connection is gone. What else is idle is closed, which Npgsql does by itself, too: it may be dead as well. The
    /// server is in doubt, for all its tenants.
    /// </summary>
    public void EndBroken(int bucket)
    {
        Touch();
        if (Health.Doubt())
            LeaseLog.ServerInDoubt(_runtime.Logger, ServerName, Tenant);
        DropIdle();
        EndAbandoned(bucket);
    }

    /// <summary>Ends a lease whose connection could not be opened. Its permit goes back, so that whoever opens next needs a grant.</summary>
    public void EndAbandoned(int bucket) => EndSlow(bucket, keepsPermit: false);

    /// <summary>The opening a grant paid for has ended.</summary>
    public void EndGrantedOpen()
    {
        var followUp = _desk.Settled();
        foreach (var share in Shares)
            share.Server.Budget.Tell(new OpenEnded(share));
        if (followUp.WentIdle)
            Owner.WentIdle(this);
    }

    /// <summary>Closes what is idle, because it may be dead, and gives its permits back.</summary>
    public void DropIdle() => GiveBack(_desk.TakeFreePermits(keep: 0, ifNobodyWaits: false), alwaysClose: true);

    /// <summary>Gives back the permits no lease covers, after their connections are closed. Run by the pool's actor.</summary>
    /// <param name="asked">The server whose budget asked.</param>
    /// <param name="keep">Permits to keep. Npgsql closes all idle connections or none, so these are opened again when they are needed.</param>
    public void ReclaimIdle(ServerShare asked, int keep)
    {
        var free = _desk.TakeFreePermits(keep, ifNobodyWaits: true);
        if (free > 0)
            GiveBack(free, asked);
        else
            asked.Server.Budget.Tell(new PermitsReturned(asked, 0, AnswersReclaim: true));
    }

    /// <summary>The server said 53300 although its budget had room.</summary>
    public void ReportServerFull()
    {
        foreach (var share in Shares)
            share.Server.Budget.Tell(ServerFull.Instance);
    }

    /// <summary>A caller who asked for the pool in order to open a connection has its lease, or has given up.</summary>
    public void Unexpect() => Follow(_desk.Unexpect());

    /// <summary>A caller in the queue waits no more.</summary>
    /// <returns>False: it has a lease, or was told already.</returns>
    public bool Leave(LeaseWaiter waiter)
    {
        if (_desk.Leave(waiter) is not { } followUp)
            return false;
        Follow(followUp);
        return true;
    }

    /// <summary>Takes no more leases; open ones end in their own time. Callers in the queue go on to the successor.</summary>
    public void BeginDrain()
    {
        var followUp = _desk.BeginDrain();
        _end.Begin();
        GiveBack(followUp.FreePermits, alwaysClose: true);
        if (followUp.Drained)
            Close();
    }

    /// <summary>Closes everything that is idle and tells whoever waits. Runs once; leases must have ended or be given up.</summary>
    public void Close()
    {
        if (!_end.TryClose())
            return;
        _connections.CloseIdle();
        foreach (var share in Shares)
            share.Server.Budget.Tell(new HolderClosed(share));
        _connections.Unpin();
        _runtime.Totals.Closed(Accesses);
        _end.Complete();
        Owner.Closed(this);
    }

    /// <summary>The password for a physical connection being opened. Credentials past their time-to-live still serve, but ask for a refresh.</summary>
    public string CurrentPassword()
    {
        // A connection object can be older than the shutdown and be opened after it.
        if (_runtime.ShuttingDown && _end.IsClosing)
            throw new HyperConnException(CommonFailures.ShuttingDown(Tenant));
        var credentials = Credentials;
        var now = _runtime.Monotonic.Now;
        if (now >= credentials.StaleAt.At)
            Owner.CredentialsStale(this);
        return now - credentials.FetchedAt.At < _runtime.Options.Secrets.HardLimit
            ? credentials.Postgres.Password
            : throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.StoreUnavailable, "The credentials are past their hard limit.", Tenant));
    }

    private void EndSlow(int bucket, bool keepsPermit)
    {
        var followUp = _desk.End(bucket, keepsPermit);
        GiveBack(followUp.FreePermits, alwaysClose: false, closes: keepsPermit);
        Follow(followUp);
    }

    private void Follow(LeaseFollowUp followUp)
    {
        if (followUp.Drained)
            Close();
        else if (followUp.WentIdle)
            Owner.WentIdle(this);
    }

    private void GiveBack(int permits, bool alwaysClose, bool closes = true)
    {
        if (alwaysClose || (closes && permits > 0))
            _connections.CloseIdle();
        if (permits > 0)
            Return(permits, null);
    }

    private void GiveBack(int permits, ServerShare asked)
    {
        _connections.CloseIdle();
        Return(permits, asked);
    }

    private void Return(int permits, ServerShare? answers)
    {
        foreach (var share in Shares)
            share.Server.Budget.Tell(new PermitsReturned(share, permits, ReferenceEquals(share, answers)));
    }

    private void OnFirstBucket(object sender, StateChangeEventArgs change) => OnStateChange(sender, change, _onFirstBucket, 0);

    private void OnSecondBucket(object sender, StateChangeEventArgs change) => OnStateChange(sender, change, _onSecondBucket, 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void OnStateChange(object sender, StateChangeEventArgs change, StateChangeEventHandler handler, int bucket)
    {
        if (change.CurrentState != ConnectionState.Open)
            EndLease((NpgsqlConnection)sender, bucket);
        else
            OnOpenedAgain((NpgsqlConnection)sender, change, handler);
    }

    /// <summary>The first opening came before the subscription; this is a connection object opened again by its owner.</summary>
    private void OnOpenedAgain(NpgsqlConnection connection, StateChangeEventArgs change, StateChangeEventHandler handler)
    {
        connection.StateChange -= handler;
        var tracker = new ConnectionTracker(_runtime, this);
        connection.StateChange += tracker.OnStateChange;
        tracker.OnStateChange(connection, change);
    }
}
