namespace HyperConn.Pools;

/// <summary>Pools that were due and could not be evicted, and why.</summary>
internal sealed partial class PoolSupervisorActor
{
    private void OnEvictionSkipped(PoolEntry entry)
    {
        var reason = WhyKept(entry);
        entry.PassedOver = reason;
        _runtime.Counters.EvictionSkipped(reason);
    }

    /// <summary>A pool that was passed over as busy stays because of that lease: now it is known.</summary>
    private void OnLeaseFoundOld(LeaseFoundOld found)
    {
        if (_entries.TryGetValue(found.Tenant, out var entry)
            && entry.PassedOver is not (null or EvictionSkipReason.HeldLong)
            && WhyKept(entry) == EvictionSkipReason.HeldLong)
        {
            OnEvictionSkipped(entry);
        }
    }

    private EvictionSkipReason WhyKept(PoolEntry entry)
    {
        var threshold = Options.Diagnostics.LeakThreshold;
        return entry.Handle.Current is not { } pool ? EvictionSkipReason.InUse
            : threshold > TimeSpan.Zero && pool.OldestLease >= threshold ? EvictionSkipReason.HeldLong
            : pool.Word.Leases == 0 && pool.Waiters > 0 ? EvictionSkipReason.Waiting
            : EvictionSkipReason.InUse;
    }
}
