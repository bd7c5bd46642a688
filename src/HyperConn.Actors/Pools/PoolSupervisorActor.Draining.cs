using Akka.Actor;
using HyperConn.Primitives;

namespace HyperConn.Pools;

/// <summary>The end of the manager, and snapshots of what lives.</summary>
internal sealed partial class PoolSupervisorActor
{
    private const string DrainTimer = "drain";

    // Ending sessions is a query; a server that does not answer it must not hold up the shutdown.
    private static readonly TimeSpan TerminateTimeout = TimeSpan.FromSeconds(5);

    private readonly List<IActorRef> _drainAskers = [];
    private readonly HashSet<IActorRef> _closing = [];
    private int _leasesCut;

    private void Draining()
    {
        Receive<GetPool>(get => Sender.Tell(new PoolUnavailable(CommonFailures.ShuttingDown(get.Tenant))));
        Receive<EnsurePool>(ensure => ensure.Promise.Break(CommonFailures.ShuttingDown(ensure.Tenant)));
        Receive<EvictPool>(_ => Sender.Tell(new PoolEvicted(EvictResult.NotFound)));
        Receive<PoolWentIdle>(_ => { });
        Receive<PoolOpened>(opened => DrainEntry(opened.Tenant));
        Receive<PoolFailed>(failed => OnFailedWhileDraining(failed));
        Receive<WaitedForRoom>(_ => { });
        Receive<LeaseFoundOld>(_ => { });
        Receive<Sweep>(_ => { });
        Receive<Trim>(_ => { });
        Receive<ChildGone>(gone =>
        {
            _closing.Remove(gone.Pool);
            AnswerWhenDrained();
        });
        Receive<DrainAll>(_ =>
        {
            _drainAskers.Add(Sender);
            AnswerWhenDrained();
        });
        Receive<DrainNow>(_ => CutLeases());
        Receive<StopPools>(_ => OnStopPools());
        Receive<OperatorCommand>(_ => Sender.Tell(new OperatorReply(false, "HyperConn is shutting down.", 0)));
        Receive<HeldTooLong>(_ => { });
        Always();
    }

    private void OnDrainAll(DrainAll drain)
    {
        _runtime.ShuttingDown = true;
        _drainAskers.Add(Sender);
        Timers.Cancel(SweepTimer);
        Timers.Cancel(TrimTimer);
        var leases = _entries.Values.Sum(e => e.Handle.Current?.Word.Leases ?? 0);
        PoolLog.DrainStarted(_runtime.Logger, _entries.Count, leases, drain.Deadline);
        Become(Draining);
        foreach (var entry in _entries.Values.ToArray())
        {
            if (entry.Child.IsNobody())
            {
                Timers.Cancel(entry);
                _entries.Remove(entry.Tenant);
                entry.Refuse(CommonFailures.ShuttingDown(entry.Tenant));
                continue;
            }

            if (entry.IsReady)
            {
                PoolLog.Removing(_runtime.Logger, entry.Tenant, EvictionReason.Shutdown);
                _runtime.Counters.Evicted(EvictionReason.Shutdown);
            }

            entry.Child.Tell(DrainPool.Instance);
        }

        _waitingForRoom.Clear();
        foreach (var entry in _held.Values)
            entry.Refuse(CommonFailures.ShuttingDown(entry.Tenant));
        _held.Clear();
        _heldLocates.Clear();
        Timers.StartSingleTimer(DrainTimer, DrainNow.Instance, drain.Deadline);

        // Also pools whose eviction had begun earlier must be gone before this is over.
        _closing.UnionWith(Context.GetChildren().Except(_budgets).Where(child => !child.Equals(_fetcher)));
        foreach (var child in _closing)
        {
            Context.Unwatch(child);
            Context.WatchWith(child, new ChildGone(child));
        }

        AnswerWhenDrained();
    }

    private void DrainEntry(TenantKey tenant)
    {
        if (_entries.TryGetValue(tenant, out var entry))
            entry.Child.Tell(DrainPool.Instance);
    }

    private void OnFailedWhileDraining(PoolFailed failed)
    {
        if (!_entries.TryGetValue(failed.Tenant, out var entry))
            return;
        Remove(entry);
        entry.Refuse(failed.Reason);
    }

    private void CutLeases()
    {
        Timers.Cancel(DrainTimer);
        if (_closing.Count == 0)
        {
            AnswerWhenDrained();
            return;
        }

        _leasesCut = Math.Max(_leasesCut, _runtime.Leases.LeasesOpen);
        PoolLog.DrainDeadline(_runtime.Logger, _leasesCut);
        foreach (var child in _closing)
            child.Tell(TerminateLeases.Instance);
        Timers.StartSingleTimer(DrainTimer, StopPools.Instance, TerminateTimeout);
    }

    private void OnStopPools()
    {
        foreach (var child in _closing)
            Context.Stop(child);
    }

    private void AnswerWhenDrained()
    {
        if (_drainAskers.Count == 0 || _closing.Count > 0)
            return;
        Timers.Cancel(DrainTimer);
        foreach (var entry in _entries.Values)
            entry.Refuse(CommonFailures.ShuttingDown(entry.Tenant));
        _entries.Clear();
        _tenantsByOrg.Clear();
        PoolLog.Drained(_runtime.Logger);
        foreach (var asker in _drainAskers)
            asker.Tell(new Drained(_leasesCut));
        _drainAskers.Clear();
    }

    private PoolsSnapshot Snapshot()
    {
        var resolving = 0;
        var tenants = new List<TenantStatistics>(_entries.Count);
        var draining = _runtime.Generations.Keys.Where(g => g.Word.IsDraining).CountBy(g => g.Tenant).ToDictionary();
        foreach (var entry in _entries.Values)
        {
            if (!entry.IsReady)
                resolving++;
            tenants.Add(TenantSnapshot.Of(_runtime, entry.Handle, entry.IsReady, draining.GetValueOrDefault(entry.Tenant), entry.PassedOver is null ? null : WhyKept(entry)));
        }

        foreach (var handle in _runtime.Handles.Values)
        {
            if (!_entries.ContainsKey(handle.Tenant) && (handle.LastFailure is not null || handle.Login.IsOpen))
                tenants.Add(TenantSnapshot.Of(_runtime, handle, ready: false, draining.GetValueOrDefault(handle.Tenant)));
        }

        return new PoolsSnapshot(resolving, tenants);
    }

    private sealed record ChildGone(IActorRef Pool);

    private sealed record StopPools
    {
        public static readonly StopPools Instance = new();
    }
}
