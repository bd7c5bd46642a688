using System.Data;
using System.Runtime.CompilerServices;
using HyperConn.Primitives;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// One data source of a tenant on one set of credentials, with its leases. The tenant's pool actor makes, replaces and closes it; callers
/// take leases on it without a message.
/// </summary>
/// <remarks>A pool with P permits gives at most P leases at once, and a lease opens a connection only when none is idle: so Npgsql never holds
/// more than P connections. Its parts are joined here.</remarks>
internal sealed class PoolGeneration : IPermitUser
{
    private readonly LeaseRuntime _runtime;
    private readonly ServerState _server;
    private readonly CoarseClock _clock;
    private readonly LeaseDesk _desk;
    private readonly GenerationTrust _trust;
    private readonly GenerationEnd _end = new();
    private readonly bool _hasOneServer;
    private long _touchedAt;

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
        View = new ServerView(servers, runtime.Time, DataSourceFactory.SearchPath(tenant, credentials.Postgres, options.Schemas));

        // Anywhere in the stride of the sampling: of thousands of tenants that open seldom, every one may be the sample.
        var accesses = Random.Shared.Next(LeaseWord.SampleEvery);
        _desk = new LeaseDesk(_server, options.Servers, _clock, accesses)
        {
            Permits = new PermitRequests(this, servers, options.Connections.MaxPerTenant),
        };
        _trust = new GenerationTrust(Health, _clock, options.Connections.ValidateAfter, accesses);
        if (_trust.AsksAlways)
            _desk.Set(LeaseWord.NeedsProbe);
        Ages = new LeaseAges(_desk, runtime.Monotonic, accesses);
        Listener = new LeaseListener(runtime, this);
        Secrets = new CredentialsInUse(
            tenant, credentials, runtime.Monotonic, options.Secrets.HardLimit, () => runtime.ShuttingDown && _end.IsClosing, () => owner.CredentialsStale(this));
        DataSource = DataSourceFactory.Build(
            tenant, credentials.Postgres, () => View.InShare(tenant, Secrets.CurrentPassword), runtime.NpgsqlLoggers, options,
            runtime.Types, runtime.Types is null ? null : () => View.IsDirect);
        IdleSource = TenantConnections.IdleSourceOf(DataSource);
        Connections = new TenantConnections(DataSource, runtime.Time, options.Connections.MaxPerTenant);
    }

    public TenantKey Tenant { get; }

    /// <summary>1 for a pool's first credentials, one more each time they change so that a new data source is needed.</summary>
    public int Number { get; }

    /// <summary>Who made it.</summary>
    public IGenerationOwner Owner { get; }

    public DateTimeOffset CreatedAt { get; }

    public NpgsqlDataSource DataSource { get; }

    /// <summary>What idle connections are taken from (<see cref="TenantConnections.IdleSourceOf"/>).</summary>
    public NpgsqlDataSource IdleSource { get; }

    public TenantConnections Connections { get; }

    /// <summary>Who has leases, and who waits.</summary>
    public LeaseDesk Desk => _desk;

    /// <summary>The credentials, and the password that new connections log in with.</summary>
    public CredentialsInUse Secrets { get; }

    /// <summary>The credentials new physical connections use. A changed password replaces them in place.</summary>
    public GenerationCredentials Credentials
    {
        get => Secrets.Credentials;
        set => Secrets.Credentials = value;
    }

    public ServerHealth Health => View.Health;

    /// <summary>What it makes of its servers.</summary>
    public ServerView View { get; }

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

    public void ReclaimSoon(ServerShare asked, int keep) => Owner.ReclaimIdle(this, asked, keep);

    /// <summary>How many leases were begun, and whether one is old.</summary>
    public LeaseAges Ages { get; }

    /// <summary>Ties leases to their connections. Nothing but its owner can close a connection between its opening and that, because
    /// Npgsql's keepalive, which could, is switched off.</summary>
    public LeaseListener Listener { get; }

    /// <summary>Whether idle connections may be handed out unasked.</summary>
    public GenerationTrust Trust => _trust;

    /// <summary>How far its end has come.</summary>
    public GenerationEnd End => _end;

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

    /// <summary>Looks at the idle connections, before a lease is taken past the hot path. What is lost, because the server was away, is closed,
    /// and its permits go back: new connections then need a grant each, which bounds how many are opened at once.</summary>
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

    /// <summary>A connection was opened physically, while the server was in an epoch.</summary>
    public void NoteOpened(NpgsqlConnection connection, int epoch)
    {
        _trust.NoteOpened(epoch);
        Connections.NoteSession(connection);
    }

    /// <summary>Sees to it that old leases, and connections that were idle for too long, are noticed. Called now and then, so that leases need
    /// not read the clock.</summary>
    public void Look(long now)
    {
        _trust.Look(_desk, now);
        if (View.HasOwnHealth)
            Health.DoubtIfSilent(now);
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
            EndUnused(bucket);
    }

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
        _desk.Permits.EndOpen();
        if (followUp.WentIdle)
            Owner.WentIdle(this);
    }

    /// <summary>Closes what is idle, because it may be dead, and gives its permits back.</summary>
    public void DropIdle() => GiveBack(_desk.TakeFreePermits(keep: 0, ifNobodyWaits: false), alwaysClose: true);

    /// <summary>Gives back the permits no lease covers, after their connections are closed. Run by the pool's actor.</summary>
    /// <returns>Whether there were any. Then nothing is idle any more, also behind the permits that were kept.</returns>
    public bool ReclaimIdle(ServerShare asked, int keep)
    {
        var free = _desk.TakeFreePermits(keep, ifNobodyWaits: true);
        if (free > 0)
            Connections.CloseIdle();
        _desk.Permits.Return(free, asked);
        return free > 0;
    }

    /// <summary>A caller who asked for the pool in order to open a connection has its lease, or has given up.</summary>
    public void Unexpect() => Follow(_desk.Unexpect());

    /// <summary>A caller in the queue waits no more; false: it has a lease, or was told already.</summary>
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

    /// <summary>Closes everything that is idle. Runs once; leases must have ended or be given up.</summary>
    public void Close()
    {
        if (!_end.TryClose())
            return;
        Connections.CloseIdle();
        _desk.Permits.Close();
        Connections.DisposeLater();
        _runtime.Totals.Closed(Ages.Begun);
        _end.Complete();
        Owner.Closed(this);
    }

    /// <summary>Ends a lease that was never used: its permit stays.</summary>
    public void EndUnused(int bucket) => EndSlow(bucket, keepsPermit: true);

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
            Connections.CloseIdle(forgetHosts: alwaysClose);
        if (permits > 0)
            _desk.Permits.Return(permits);
    }
}
