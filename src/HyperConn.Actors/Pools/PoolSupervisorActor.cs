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
internal sealed class PoolSupervisorActor : ReceiveActor, IWithTimers
{
    private const string SweepTimer = "sweep";
    private const string TrimTimer = "trim";

    private readonly PoolRuntime _runtime;
    private readonly PoolRegistry _registry = new();
    private readonly PoolRoom _room;
    private readonly PausedTenants _paused;
    private readonly ServerDirectory _servers;
    private readonly SecretNews _secrets;
    private readonly OperatorCommands _operator;
    private readonly PoolAdmission _admission;
    private readonly PoolClosing _closing;
    private readonly SupervisorDrain _drain;
    private bool _restarting;

    public PoolSupervisorActor(PoolRuntime runtime, PoolParts parts)
    {
        _runtime = runtime;
        _room = new PoolRoom(runtime, _registry, this, entry => _admission!.Start(entry), (entry, reason) => _closing!.Evict(entry, reason));
        _paused = new PausedTenants(runtime, this, entry => _admission!.AskAgain(entry));
        _servers = new ServerDirectory(runtime, parts.Budget, Context);
        _secrets = new SecretNews(runtime, _registry, parts.Fetcher, Context);
        _admission = new PoolAdmission(runtime, _registry, _room, _paused, _secrets, parts.Pool, Context);
        _closing = new PoolClosing(runtime, _registry, _room, _servers, _admission, Context);
        _operator = new OperatorCommands(runtime, _paused, _servers, _secrets, _closing.Close);
        _drain = new SupervisorDrain(runtime, _registry, this, Context);
        Running();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private HyperConnOptions Options => _runtime.Options;

    public static Props CreateProps(PoolRuntime runtime, PoolParts parts) => Props.Create(() => new PoolSupervisorActor(runtime, parts));

    protected override SupervisorStrategy SupervisorStrategy() =>
        new OneForOneStrategy(_ => _servers.Budgets.Contains(Sender) ? Directive.Restart : Directive.Stop);

    protected override void PreStart()
    {
        _secrets.StartFetcher();
        _servers.Start();
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
        foreach (var child in Context.GetChildren().Except(_servers.Budgets).ToArray())
        {
            Context.Unwatch(child);
            Context.Stop(child);
        }

        // Who waits for the end of a drain hears it from the next incarnation.
        foreach (var asker in _drain.Askers)
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

        foreach (var entry in _registry.All)
            entry.Refuse(WhyStopped(entry.Tenant));
        _paused.RefuseAll(WhyStopped);
    }

    private HyperConnFailure WhyStopped(TenantKey tenant) =>
        _runtime.ShuttingDown ? CommonFailures.ShuttingDown(tenant) : CommonFailures.Internal(tenant, "The pool supervisor restarted.");

    private void Running()
    {
        Receive<GetPool>(get => _admission.Admit(get, Sender));
        Receive<EnsurePool>(_admission.Admit);
        Receive<PoolOpened>(OnPoolOpened);
        Receive<PoolFailed>(OnPoolFailed);
        Receive<PoolWentIdle>(OnPoolWentIdle);
        Receive<LeaseFoundOld>(found => _room.LeaseIsOld(found.Tenant));
        Receive<WaitedForRoom>(OnWaitedForRoom);
        Receive<PausedTooLong>(_paused.OnPausedTooLong);
        Receive<EvictPool>(OnEvictPool);
        Receive<Sweep>(_ => OnSweep());
        Receive<Trim>(_ => OnTrim());
        Receive<DrainAll>(OnDrainAll);
        Receive<OperatorCommand>(command => Sender.Tell(_operator.Execute(command)));
        Always();
    }

    private void Draining()
    {
        Receive<GetPool>(get => Sender.Tell(new PoolUnavailable(CommonFailures.ShuttingDown(get.Tenant))));
        Receive<EnsurePool>(ensure => ensure.Promise.Break(CommonFailures.ShuttingDown(ensure.Tenant)));
        Receive<EvictPool>(_ => Sender.Tell(new PoolEvicted(EvictResult.NotFound)));
        Receive<PoolOpened>(_drain.OnOpened);
        Receive<PoolFailed>(_drain.OnFailed);
        Receive<DrainedPoolGone>(_drain.OnGone);
        Receive<DrainAll>(_ => _drain.Join(Sender));
        Receive<DrainNow>(_ => _drain.CutLeases());
        Receive<StopPools>(_ => _drain.StopAll());
        Receive<OperatorCommand>(_ => Sender.Tell(new OperatorReply(false, "HyperConn is shutting down.", 0)));
        Receive<PoolWentIdle>(_ => { });
        Receive<LeaseFoundOld>(_ => { });
        Receive<WaitedForRoom>(_ => { });
        Receive<PausedTooLong>(_ => { });
        Receive<Sweep>(_ => { });
        Receive<Trim>(_ => { });
        Always();
    }

    /// <summary>What is answered in every state.</summary>
    private void Always()
    {
        Receive<PoolTerminated>(OnPoolTerminated);
        Receive<FetcherStopped>(_ => _secrets.OnFetcherStopped());
        Receive<BudgetStopped>(_servers.OnBudgetStopped);
        Receive<LocateServers>(locate => _servers.OnLocate(Sender, locate));
        Receive<SecretChanged>(_secrets.OnSecretChanged);
        Receive<SecretVersionsHeard>(heard => _secrets.Fetcher.Tell(heard));
        Receive<SecretsUnused>(unused => _secrets.Forget(unused));
        Receive<SecretConfirmed>(confirmed => _secrets.Adopt(confirmed.Org));
        Receive<SecretFailureForgotten>(forgotten => _secrets.ForgetFailures(forgotten.Org));
        Receive<SecretRefreshFailed>(failed => _secrets.Adopt(failed.Org));
        Receive<CredentialsStale>(stale => _secrets.Fetcher.Tell(new RevalidateSecret(stale.Org)));
        Receive<RefreshPool>(refresh => _secrets.Refresh(new OperatorTarget.Tenant(refresh.Tenant), Sender));
        Receive<RefreshAllSecrets>(_ => _secrets.Refresh(OperatorTarget.Everything, Sender));
        Receive<GetSecretFetcherStatistics>(get => _secrets.Fetcher.Forward(get));
        Receive<GetPoolsSnapshot>(_ => Sender.Tell(PoolsSnapshot.Take(_runtime, _registry, _room)));
    }

    private void OnPoolOpened(PoolOpened opened)
    {
        // An earlier pool of the tenant may still have something to say while it closes.
        if (!_registry.TryFind(opened.Tenant, out var entry) || !Sender.Equals(entry.Child) || entry.Handle.Current is not { } pool)
            return;
        var isFirst = !entry.IsReady;
        entry.IsReady = true;
        entry.Handle.LastFailure = null;

        // Before the callers have it: the first of them may be done before this message is.
        if (_room.Surplus > 0)
            pool.Desk.Set(Leases.LeaseWord.NotifyIdle);
        entry.Answer(pool);
        _room.Consider(entry);
        _room.StartWaiting();

        // A later generation may have been used and left before it was asked to tell.
        if (!isFirst)
            _room.EvictSurplus();
    }

    private void OnPoolFailed(PoolFailed failed)
    {
        if (!_registry.TryFind(failed.Tenant, out var entry) || !Sender.Equals(entry.Child))
            return;
        _runtime.Counters.PoolFailed();
        var reason = _secrets.Remember(failed.Tenant, failed.Reason);
        entry.Handle.LastFailure = reason;
        _closing.Remove(entry);
        entry.Refuse(reason);
        _room.StartWaiting();
    }

    private void OnPoolWentIdle(PoolWentIdle idle)
    {
        if (!_registry.TryFind(idle.Tenant, out var entry) || !entry.IsReady || entry.Handle.Current is null)
            return;
        _room.Consider(entry);
        _room.StartWaiting();
        _room.EvictSurplus();
    }

    private void OnPoolTerminated(PoolTerminated terminated)
    {
        if (!_registry.TryFind(terminated.Tenant, out var entry) || entry.Sequence != terminated.Sequence)
            return;
        PoolLog.Crashed(_runtime.Logger, terminated.Tenant);
        _closing.Remove(entry);

        // Callers of a pool being made may be the cause; those that came after it was there found it gone, as after an eviction.
        if (entry.IsReady && entry.HasCallers && !_runtime.ShuttingDown)
            _admission.AskAgain(entry);
        else
            entry.Refuse(CommonFailures.Internal(terminated.Tenant, "The tenant's pool crashed."));
        _room.StartWaiting();
    }

    private void OnWaitedForRoom(WaitedForRoom waited)
    {
        if (_room.StopWaiting(waited.Entry))
            waited.Entry.Refuse(PoolFailures.CapacityReached(waited.Entry.Tenant, Options.Pools.MaxPools, waited: true));
    }

    private void OnEvictPool(EvictPool evict)
    {
        var result = EvictResult.NotFound;
        if (_registry.Find(evict.Tenant) is { IsReady: true } entry)
            result = _room.TryEvict(entry, EvictionReason.Requested) ? EvictResult.Evicted : EvictResult.InUse;
        Sender.Tell(new PoolEvicted(result));
        _room.StartWaiting();
    }

    private void OnSweep()
    {
        _room.EvictExpired();
        _secrets.ForgetExpiredFailures();
    }

    private void OnTrim()
    {
        _closing.TrimIdle();
        _runtime.Handles.Tidy();
    }

    private void OnDrainAll(DrainAll drain)
    {
        Timers.Cancel(SweepTimer);
        Timers.Cancel(TrimTimer);
        Become(Draining);
        _room.StopAllWaiting();
        _paused.RefuseAll(tenant => CommonFailures.ShuttingDown(tenant));
        _servers.ForgetAll();
        _drain.Begin(drain, Sender, [.. _servers.Budgets, _secrets.Fetcher]);
    }

    private sealed record Sweep
    {
        public static readonly Sweep Instance = new();
    }

    private sealed record Trim
    {
        public static readonly Trim Instance = new();
    }
}
