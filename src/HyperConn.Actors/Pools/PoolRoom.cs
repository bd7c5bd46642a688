using Akka.Actor;

namespace HyperConn.Pools;

/// <summary>Room under the cap of pools: whom to evict for a new one, and which pools wait until somebody goes. Used by the supervisor only.</summary>
internal sealed class PoolRoom
{
    private readonly PoolRuntime _runtime;
    private readonly PoolRegistry _registry;
    private readonly PoolEvictor _evictor;
    private readonly IWithTimers _timers;
    private readonly Action<PoolEntry> _start;
    private readonly Queue<PoolEntry> _queue = new();
    private int _waiting;

    /// <param name="runtime">Settings, counters, clock.</param>
    /// <param name="registry">The pools there are.</param>
    /// <param name="timers">Whose timers end waits.</param>
    /// <param name="start">Makes a pool that has room.</param>
    /// <param name="evict">Closes a pool whose eviction has begun.</param>
    public PoolRoom(PoolRuntime runtime, PoolRegistry registry, IWithTimers timers, Action<PoolEntry> start, Action<PoolEntry, EvictionReason> evict)
    {
        _runtime = runtime;
        _registry = registry;
        _timers = timers;
        _start = start;
        _evictor = new PoolEvictor(evict, Skipped);
    }

    private PoolOptions Options => _runtime.Options.Pools;

    /// <summary>Pools over the cap, those being made included; those that wait for room not.</summary>
    public int Surplus => _registry.Count - _waiting - Options.MaxPools;

    /// <summary>Places in the queue for room.</summary>
    public int Queued => _queue.Count;

    /// <summary>Makes room for one more pool: first what is idle for too long goes, then what was used least recently.</summary>
    /// <returns>Pools over the cap, with the new one.</returns>
    public int MakeRoom()
    {
        EvictExpired();
        var surplus = Surplus + 1;
        if (surplus > 0)
            surplus -= _evictor.EvictOldest(surplus, EvictionReason.LeastRecentlyUsed);
        if (surplus > 0)
            _runtime.Counters.CapExceeded();
        return surplus;
    }

    /// <summary>Has a pool wait until there is room for it.</summary>
    public void Wait(PoolEntry entry)
    {
        _waiting++;
        _queue.Enqueue(entry);
        _timers.Timers.StartSingleTimer(entry, new WaitedForRoom(entry), Options.AcquireTimeout);
    }

    /// <summary>Starts pools that wait, as far as there is room.</summary>
    public void StartWaiting()
    {
        while (_queue.TryPeek(out var entry))
        {
            if (IsWaiting(entry))
            {
                if (Surplus >= 0 && _evictor.EvictOldest(1, EvictionReason.LeastRecentlyUsed) == 0)
                    return;
                _timers.Timers.Cancel(entry);
                _waiting--;
                _start(entry);
            }

            _queue.Dequeue();
        }
    }

    /// <summary>A pool waits for room no more.</summary>
    /// <returns>False: it had stopped to before.</returns>
    public bool StopWaiting(PoolEntry entry)
    {
        if (!IsWaiting(entry))
            return false;
        _timers.Timers.Cancel(entry);
        _registry.Remove(entry);
        _waiting--;

        // While nobody goes, nobody else looks at the queue; those whose time has passed must not gather there.
        while (_queue.TryPeek(out var first) && !IsWaiting(first))
            _queue.Dequeue();
        return true;
    }

    public void StopAllWaiting() => _queue.Clear();

    /// <summary>The pool is there, or has gone idle: it may be evicted when its time comes.</summary>
    public void Consider(PoolEntry entry) => _evictor.Consider(entry);

    public void Forget(PoolEntry entry) => _evictor.Forget(entry);

    public bool TryEvict(PoolEntry entry, EvictionReason reason) => _evictor.TryEvict(entry, reason);

    /// <summary>Evicts what is over the cap and idle.</summary>
    public void EvictSurplus()
    {
        if (Surplus is > 0 and var surplus)
            _evictor.EvictOldest(surplus, EvictionReason.Overflow);
    }

    public void EvictExpired()
    {
        var idleTime = (long)Options.IdleTimeToLive.TotalMilliseconds;
        if (idleTime > 0)
            _evictor.EvictUnusedSince(_runtime.Clock.Milliseconds - idleTime);
    }

    /// <summary>A lease of the tenant turned out to be old: a pool that was skipped as in use stays because of it.</summary>
    public void LeaseIsOld(TenantKey tenant)
    {
        if (_registry.Find(tenant) is { SkipReason: not (null or EvictionSkipReason.HeldLong) } entry
            && WhySkipped(entry) == EvictionSkipReason.HeldLong)
        {
            Skipped(entry);
        }
    }

    /// <summary>Why a pool that was due is not evicted.</summary>
    public EvictionSkipReason WhySkipped(PoolEntry entry)
    {
        var threshold = _runtime.Options.Diagnostics.LeakThreshold;
        return entry.Handle.Current is not { } pool ? EvictionSkipReason.InUse
            : threshold > TimeSpan.Zero && pool.Ages.Oldest >= threshold ? EvictionSkipReason.HeldLong
            : pool.Word.Leases == 0 && pool.Waiters > 0 ? EvictionSkipReason.Waiting
            : EvictionSkipReason.InUse;
    }

    private bool IsWaiting(PoolEntry entry) => entry.Child.IsNobody() && _registry.Has(entry);

    private void Skipped(PoolEntry entry)
    {
        var reason = WhySkipped(entry);
        entry.SkipReason = reason;
        _runtime.Counters.EvictionSkipped(reason);
    }
}

/// <summary>A pool has waited for room as long as callers wait for anything.</summary>
internal sealed record WaitedForRoom(PoolEntry Entry) : INoSerializationVerificationNeeded;
