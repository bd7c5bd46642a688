using System.Globalization;
using Akka.Actor;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Servers;

namespace HyperConn.Pools;

/// <summary>How the supervisor makes its children; a probe can stand in for each.</summary>
internal sealed record PoolParts(
    Func<PoolRuntime, TenantDataSource, IActorRef, Props> Pool,
    Func<PoolRuntime, Props> Fetcher,
    Func<PoolRuntime, ServerState, Props> Budget);

/// <summary>
/// One per process: knows every tenant's pool, makes it on first request, evicts when a new one is asked for, and drains all at the end.
/// </summary>
/// <remarks>
/// A pool that crashes is stopped and made anew at the next request. The fetcher is replaced at once, and the pools are told. A budget is
/// restarted in place, also when the supervisor itself restarts: permits on their way to it are not lost, because its mailbox stays.
/// </remarks>
internal sealed partial class PoolSupervisorActor : ReceiveActor, IWithTimers
{
    private const string SweepTimer = "sweep";
    private const string TrimTimer = "trim";

    private readonly PoolRuntime _runtime;
    private readonly PoolParts _parts;
    private readonly Dictionary<TenantKey, PoolEntry> _entries = [];
    private readonly Dictionary<string, List<TenantKey>> _tenantsByOrg = new(StringComparer.Ordinal);
    private readonly Queue<PoolEntry> _waitingForRoom = new();
    private readonly PoolEvictor _evictor;
    private readonly FailureMemory _failures;
    private readonly HashSet<IActorRef> _budgets = [];
    private IActorRef _fetcher = ActorRefs.Nobody;
    private int _sequence;
    private int _waiting;
    private bool _restarting;

    public PoolSupervisorActor(PoolRuntime runtime, PoolParts parts)
    {
        _runtime = runtime;
        _parts = parts;
        _evictor = new PoolEvictor(Evict, OnEvictionSkipped);
        _failures = new FailureMemory(runtime.Time, runtime.Options.Secrets.FailureTimeToLive);
        Running();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private HyperConnOptions Options => _runtime.Options;

    /// <summary>Pools over the cap, those being made included; those that wait for room not.</summary>
    private int Surplus => _entries.Count - _waiting - Options.Pools.MaxPools;

    public static Props CreateProps(PoolRuntime runtime, PoolParts parts) => Props.Create(() => new PoolSupervisorActor(runtime, parts));

    protected override SupervisorStrategy SupervisorStrategy() =>
        new OneForOneStrategy(_ => _budgets.Contains(Sender) ? Directive.Restart : Directive.Stop);

    protected override void PreStart()
    {
        StartFetcher();

        // After a restart the budgets are still there, and with them the permits of leases that are still open.
        foreach (var server in _runtime.Servers.Values)
        {
            if (IsChild(server.Budget))
                _budgets.Add(server.Budget);
            else
                StartBudget(server);
        }

        _runtime.Supervisor = Self;
        if (_runtime.ShuttingDown)
        {
            Become(Draining);
            return;
        }

        if (Options.Pools.SweepInterval > TimeSpan.Zero)
            Timers.StartPeriodicTimer(SweepTimer, Sweep.Instance, Options.Pools.SweepInterval);
        Timers.StartPeriodicTimer(TrimTimer, Trim.Instance, Options.Connections.IdleLifetime);
    }

    protected override void PreRestart(Exception reason, object message)
    {
        _restarting = true;
        foreach (var child in Context.GetChildren().Except(_budgets).ToArray())
        {
            Context.Unwatch(child);
            Context.Stop(child);
        }

        // Who waits for the end of a drain hears it from the next incarnation.
        foreach (var asker in _drainAskers)
            Self.Tell(new DrainAll(TimeSpan.Zero), asker);
        PostStop();
    }

    protected override void PostStop()
    {
        if (!_restarting)
        {
            _runtime.ShuttingDown = true;
            _runtime.Supervisor = ActorRefs.Nobody;
        }

        foreach (var entry in _entries.Values.Concat(_held.Values))
            entry.Refuse(_runtime.ShuttingDown ? CommonFailures.ShuttingDown(entry.Tenant) : CommonFailures.Internal(entry.Tenant, "The pool supervisor restarted."));
    }

    private void Running()
    {
        Receive<GetPool>(OnGetPool);
        Receive<EnsurePool>(OnEnsurePool);
        Receive<PoolOpened>(OnPoolOpened);
        Receive<PoolFailed>(OnPoolFailed);
        Receive<PoolWentIdle>(OnPoolWentIdle);
        Receive<LeaseFoundOld>(OnLeaseFoundOld);
        Receive<WaitedForRoom>(OnWaitedForRoom);
        Receive<EvictPool>(OnEvictPool);
        Receive<Sweep>(_ => OnSweep());
        Receive<Trim>(_ => OnTrim());
        Receive<DrainAll>(OnDrainAll);
        Operating();
        Always();
    }

    /// <summary>What is answered in every state.</summary>
    private void Always()
    {
        Receive<PoolTerminated>(OnPoolTerminated);
        Receive<FetcherStopped>(_ => OnFetcherStopped());
        Receive<BudgetStopped>(OnBudgetStopped);
        Receive<LocateServers>(OnLocateServers);
        Receive<SecretChanged>(OnSecretChanged);
        Receive<SecretConfirmed>(confirmed => Adopt(confirmed.Org));
        Receive<SecretFailureForgotten>(forgotten => Forgive(forgotten.Org));
        Receive<SecretRefreshFailed>(failed => Adopt(failed.Org));
        Receive<CredentialsStale>(stale => _fetcher.Tell(new RevalidateSecret(stale.Org)));
        Receive<RefreshPool>(OnRefreshPool);
        Receive<RefreshAllSecrets>(OnRefreshAll);
        Receive<GetSecretFetcherStatistics>(get => _fetcher.Forward(get));
        Receive<SecretRefreshed>(_ => { });
        Receive<SecretsRefreshed>(_ => { });
        Receive<GetPoolsSnapshot>(_ => Sender.Tell(Snapshot()));
    }

    private void OnGetPool(GetPool get)
    {
        if (_entries.TryGetValue(get.Tenant, out var entry) && entry.IsReady)
        {
            PoolLog.Reusing(_runtime.Logger, get.Tenant);
            entry.Handle.Touch();
            Sender.Tell(entry.Handle.Ready);
        }
        else if (Admit(get.Tenant, entry, out var refusal) is { } admitted)
        {
            admitted.Askers.Add(Sender);
        }
        else
        {
            Sender.Tell(new PoolUnavailable(refusal));
        }
    }

    private void OnEnsurePool(EnsurePool ensure)
    {
        if (_entries.TryGetValue(ensure.Tenant, out var entry) && entry.Handle.Current is { } pool)
            ensure.Promise.Keep(pool);
        else if (Admit(ensure.Tenant, entry, out var refusal) is { } admitted)
            admitted.Promises.Add(ensure.Promise);
        else
            ensure.Promise.Break(refusal);
    }

    /// <summary>The entry a request joins; null: it is refused.</summary>
    private PoolEntry? Admit(TenantKey tenant, PoolEntry? entry, out HyperConnFailure refusal)
    {
        refusal = null!;
        if (entry is not null)
            return entry;
        if ((Refusal(tenant) ?? _failures.Of(tenant)) is { } reason)
        {
            refusal = reason;
            return null;
        }

        if (HoldIfPaused(tenant) is { } held)
            return held;
        EvictExpired();
        var surplus = Surplus + 1;
        if (surplus > 0)
            surplus -= _evictor.EvictOldest(surplus, EvictionReason.LeastRecentlyUsed);
        if (surplus > 0)
        {
            _runtime.Counters.CapExceeded();
            if (Options.Pools.OnCapacity == CapacityPolicy.Reject)
            {
                refusal = PoolFailures.CapacityReached(tenant, Options.Pools.MaxPools, waited: false);
                return null;
            }
        }

        entry = new PoolEntry(HandleOf(tenant), ++_sequence);
        _entries.Add(tenant, entry);
        if (surplus > 0 && Options.Pools.OnCapacity == CapacityPolicy.Wait)
        {
            _waiting++;
            _waitingForRoom.Enqueue(entry);
            Timers.StartSingleTimer(entry, new WaitedForRoom(entry), Options.Pools.AcquireTimeout);
            return entry;
        }

        // One line when it begins; the counter has the rest.
        if (surplus == 1)
            PoolLog.CapExceeded(_runtime.Logger, tenant, Options.Pools.MaxPools);
        Start(entry);
        return entry;
    }

    private TenantDataSource HandleOf(TenantKey tenant) => _runtime.Handles.GetOrAdd(
        tenant, key => new TenantDataSource(_runtime.Opening, key), key => _entries.ContainsKey(key) || _held.ContainsKey(key));

    private HyperConnFailure? Refusal(TenantKey tenant)
    {
        if (tenant.IsDefault)
            return new HyperConnFailure(HyperConnErrorCode.InvalidTenant, "The tenant is empty. Make it with TenantKey.Create.");
        if (Restrictions.OfTenant(tenant) is { Kind: RestrictionKind.Banned } ban)
            return OperatorRestrictions.Failure(ban, tenant);
        return _runtime.AllowedServices.Count > 0 && !_runtime.AllowedServices.Contains(tenant.Service)
            ? PoolFailures.ServiceNotAllowed(tenant, _runtime.AllowedServices)
            : null;
    }

    private void Start(PoolEntry entry)
    {
        // Neither part can have a colon, so different tenants have different names; the sequence makes each name unique for good.
        var name = string.Create(CultureInfo.InvariantCulture, $"{Escape(entry.Tenant.Service)}:{Escape(entry.Tenant.Org)}:{entry.Sequence}");
        var child = Context.ActorOf(_parts.Pool(_runtime, entry.Handle, _fetcher), name);
        Context.WatchWith(child, new PoolTerminated(entry.Tenant, entry.Sequence));
        entry.Child = child;
        _runtime.Counters.Created();
        if (!_tenantsByOrg.TryGetValue(entry.Tenant.Org, out var tenants))
            _tenantsByOrg.Add(entry.Tenant.Org, tenants = new List<TenantKey>(1));
        tenants.Add(entry.Tenant);
    }

    // Of the characters a tenant may have, only the slash is not allowed in an actor's name.
    private static string Escape(string part) => part.Replace("/", "%2F", StringComparison.Ordinal);

    private void OnPoolOpened(PoolOpened opened)
    {
        // An earlier pool of the tenant may still have something to say while it closes.
        if (!_entries.TryGetValue(opened.Tenant, out var entry) || !Sender.Equals(entry.Child) || entry.Handle.Current is not { } pool)
            return;
        var isFirst = !entry.IsReady;
        entry.IsReady = true;
        entry.Handle.LastFailure = null;

        // Before the callers have it: the first of them may be done before this message is.
        if (Surplus > 0)
            pool.NotifyWhenIdle();
        entry.Answer(pool);
        _evictor.Consider(entry);
        StartWaiting();

        // A later generation may have been used and left before it was asked to tell.
        if (!isFirst)
            TrimOverflow();
    }

    private void OnPoolFailed(PoolFailed failed)
    {
        if (!_entries.TryGetValue(failed.Tenant, out var entry) || !Sender.Equals(entry.Child))
            return;
        _runtime.Counters.PoolFailed();
        var reason = _failures.Remember(failed.Tenant, failed.Reason);
        entry.Handle.LastFailure = reason;
        Remove(entry);
        entry.Refuse(reason);
        StartWaiting();
    }

    private void OnPoolWentIdle(PoolWentIdle idle)
    {
        if (!_entries.TryGetValue(idle.Tenant, out var entry) || !entry.IsReady || entry.Handle.Current is null)
            return;
        _evictor.Consider(entry);
        StartWaiting();
        TrimOverflow();
    }

    private void TrimOverflow()
    {
        if (Surplus is > 0 and var surplus)
            _evictor.EvictOldest(surplus, EvictionReason.Overflow);
    }

    /// <summary>Starts pools that wait for room, as far as there is any.</summary>
    private void StartWaiting()
    {
        while (_waitingForRoom.TryPeek(out var entry))
        {
            if (entry.Child.IsNobody() && _entries.TryGetValue(entry.Tenant, out var current) && ReferenceEquals(current, entry))
            {
                if (Surplus >= 0 && _evictor.EvictOldest(1, EvictionReason.LeastRecentlyUsed) == 0)
                    return;
                Timers.Cancel(entry);
                _waiting--;
                Start(entry);
            }

            _waitingForRoom.Dequeue();
        }
    }

    private void OnWaitedForRoom(WaitedForRoom waited)
    {
        if (!waited.Entry.Child.IsNobody() || !_entries.Remove(waited.Entry.Tenant))
            return;
        _waiting--;
        waited.Entry.Refuse(PoolFailures.CapacityReached(waited.Entry.Tenant, Options.Pools.MaxPools, waited: true));
    }

    private void OnEvictPool(EvictPool evict)
    {
        var result = EvictResult.NotFound;
        if (_entries.TryGetValue(evict.Tenant, out var entry) && entry.IsReady)
            result = _evictor.TryEvict(entry, EvictionReason.Requested) ? EvictResult.Evicted : EvictResult.InUse;
        Sender.Tell(new PoolEvicted(result));
        StartWaiting();
    }

    private void OnSweep()
    {
        EvictExpired();
        _failures.ForgetExpired();
    }

    private void EvictExpired()
    {
        var idleTime = (long)Options.Pools.IdleTimeToLive.TotalMilliseconds;
        if (idleTime > 0)
            _evictor.EvictUnusedSince(_runtime.Clock.Milliseconds - idleTime);
    }

    /// <summary>The pool's eviction has begun, which nothing can take back: unpublish, close.</summary>
    private void Evict(PoolEntry entry, EvictionReason reason)
    {
        PoolLog.Removing(_runtime.Logger, entry.Tenant, reason);
        _runtime.Counters.Evicted(reason);
        if (entry.Handle.Current is { } pool)
            entry.Handle.Publish(pool, null);
        entry.Child.Tell(new ClosePool(reason));
        Remove(entry);
    }

    private void Remove(PoolEntry entry)
    {
        _entries.Remove(entry.Tenant);
        _heldLocates.Remove(entry.Child);
        _evictor.Forget(entry);
        if (_tenantsByOrg.TryGetValue(entry.Tenant.Org, out var tenants) && tenants.Remove(entry.Tenant) && tenants.Count == 0)
            _tenantsByOrg.Remove(entry.Tenant.Org);
    }

    private void OnPoolTerminated(PoolTerminated terminated)
    {
        if (!_entries.TryGetValue(terminated.Tenant, out var entry) || entry.Sequence != terminated.Sequence)
            return;
        PoolLog.Crashed(_runtime.Logger, terminated.Tenant);
        Remove(entry);

        // Callers of a pool being made may be the cause; those that came after it was there found it gone, as after an eviction.
        if (entry.IsReady && entry.HasCallers && !_runtime.ShuttingDown)
            Again(entry);
        else
            entry.Refuse(CommonFailures.Internal(terminated.Tenant, "The tenant's pool crashed."));
        StartWaiting();
    }

    private sealed record WaitedForRoom(PoolEntry Entry) : INoSerializationVerificationNeeded;

    private sealed record Sweep
    {
        public static readonly Sweep Instance = new();
    }

    private sealed record Trim
    {
        public static readonly Trim Instance = new();
    }
}
