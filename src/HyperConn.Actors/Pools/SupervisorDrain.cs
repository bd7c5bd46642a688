using Akka.Actor;
using HyperConn.Primitives;

namespace HyperConn.Pools;

/// <summary>
/// The end of the manager: pools take no more leases, those that are open have until the deadline, then their sessions are ended. Used by
/// the supervisor only.
/// </summary>
internal sealed class SupervisorDrain(PoolRuntime runtime, PoolRegistry registry, IWithTimers timers, IActorContext context)
{
    private const string Timer = "drain";

    // Ending sessions is a query; a server that does not answer it must not hold up the shutdown.
    private static readonly TimeSpan TerminateTimeout = TimeSpan.FromSeconds(5);

    private readonly List<IActorRef> _askers = [];
    private readonly HashSet<IActorRef> _closing = [];
    private int _leasesCut;
    private bool _isCutting;

    /// <summary>Who waits for the end.</summary>
    public IReadOnlyList<IActorRef> Askers => _askers;

    /// <summary>Begins the drain.</summary>
    /// <param name="drain">Its deadline.</param>
    /// <param name="asker">Who hears of the end.</param>
    /// <param name="others">Children that are no pools.</param>
    public void Begin(DrainAll drain, IActorRef asker, IEnumerable<IActorRef> others)
    {
        runtime.ShuttingDown = true;
        _askers.Add(asker);
        var leases = registry.All.Sum(e => e.Handle.Current?.Word.Leases ?? 0);
        PoolLog.DrainStarted(runtime.Logger, registry.Count, leases, drain.Deadline);
        foreach (var entry in registry.All.ToArray())
        {
            if (entry.Child.IsNobody())
            {
                timers.Timers.Cancel(entry);
                registry.Remove(entry);
                entry.Refuse(CommonFailures.ShuttingDown(entry.Tenant));
                continue;
            }

            if (entry.IsReady)
            {
                PoolLog.Removing(runtime.Logger, entry.Tenant, EvictionReason.Shutdown);
                runtime.Counters.Evicted(EvictionReason.Shutdown);
            }

            entry.Child.Tell(DrainPool.Instance);
        }

        timers.Timers.StartSingleTimer(Timer, DrainNow.Instance, drain.Deadline);

        // Also pools whose eviction had begun earlier must be gone before this is over.
        _closing.UnionWith(context.GetChildren().Except(others));
        foreach (var child in _closing)
        {
            context.Unwatch(child);
            context.WatchWith(child, new DrainedPoolGone(child));
        }

        AnswerWhenDone();
    }

    /// <summary>Somebody else wants to hear of the end.</summary>
    public void Join(IActorRef asker)
    {
        _askers.Add(asker);
        AnswerWhenDone();
    }

    /// <summary>A pool that had been made meanwhile is there.</summary>
    public void OnOpened(PoolOpened opened) => registry.Find(opened.Tenant)?.Child.Tell(DrainPool.Instance);

    public void OnFailed(PoolFailed failed)
    {
        if (registry.Find(failed.Tenant) is not { } entry)
            return;
        registry.Remove(entry);
        entry.Refuse(failed.Reason);
    }

    public void OnGone(DrainedPoolGone gone)
    {
        _closing.Remove(gone.Pool);

        // One tenant of a server after the other has its sessions ended: as long as it goes on, it may.
        if (_isCutting)
            timers.Timers.StartSingleTimer(Timer, StopPools.Instance, TerminateTimeout);
        AnswerWhenDone();
    }

    /// <summary>The deadline has passed, or is not waited for.</summary>
    public void CutLeases()
    {
        timers.Timers.Cancel(Timer);
        if (_closing.Count == 0)
        {
            AnswerWhenDone();
            return;
        }

        _leasesCut = Math.Max(_leasesCut, runtime.Generations.LeasesOpen);
        PoolLog.DrainDeadline(runtime.Logger, _leasesCut);
        _isCutting = true;
        foreach (var child in _closing)
            child.Tell(TerminateLeases.Instance);
        timers.Timers.StartSingleTimer(Timer, StopPools.Instance, TerminateTimeout);
    }

    /// <summary>Not even the sessions' end came in time.</summary>
    public void StopAll()
    {
        foreach (var child in _closing)
            context.Stop(child);
    }

    private void AnswerWhenDone()
    {
        if (_askers.Count == 0 || _closing.Count > 0)
            return;
        timers.Timers.Cancel(Timer);
        foreach (var entry in registry.All)
            entry.Refuse(CommonFailures.ShuttingDown(entry.Tenant));
        registry.Clear();
        PoolLog.Drained(runtime.Logger);
        foreach (var asker in _askers)
            asker.Tell(new Drained(_leasesCut));
        _askers.Clear();
    }
}

/// <summary>The supervisor's watch on a pool that drains at the end.</summary>
internal sealed record DrainedPoolGone(IActorRef Pool);

/// <summary>While draining: stop what is left.</summary>
internal sealed record StopPools
{
    public static readonly StopPools Instance = new();
}
