namespace HyperConn.Pools;

/// <summary>Totals since start. Hot acquisitions are not counted here but by the word of each generation.</summary>
internal sealed class PoolCounters
{
    private readonly long[] _evictions = new long[Enum.GetValues<EvictionReason>().Length];
    private readonly long[] _skipped = new long[Enum.GetValues<EvictionSkipReason>().Length];
    private long _retiredAccesses;
    private long _cold;
    private long _slowLeases;
    private long _hot;
    private long _failed;
    private long _rotations;
    private long _created;
    private long _poolsFailed;
    private long _capUnmet;

    public long RetiredAccesses => Volatile.Read(ref _retiredAccesses);

    public long Cold => Volatile.Read(ref _cold);

    public long Failed => Volatile.Read(ref _failed);

    public long Rotations => Volatile.Read(ref _rotations);

    public long PoolsCreated => Volatile.Read(ref _created);

    public long PoolsFailed => Volatile.Read(ref _poolsFailed);

    public IReadOnlyDictionary<EvictionSkipReason, long> EvictionsSkipped =>
        Enum.GetValues<EvictionSkipReason>().ToDictionary(reason => reason, reason => Volatile.Read(ref _skipped[(int)reason]));

    public long CapUnmet => Volatile.Read(ref _capUnmet);

    public IReadOnlyDictionary<EvictionReason, long> Evictions =>
        Enum.GetValues<EvictionReason>().ToDictionary(reason => reason, reason => Volatile.Read(ref _evictions[(int)reason]));

    public void Retired(long accesses) => Interlocked.Add(ref _retiredAccesses, accesses);

    public void ColdAcquisition() => Interlocked.Increment(ref _cold);

    /// <summary>A lease that was begun on the slow path, or whose open failed: no hot acquisition.</summary>
    public void SlowLease() => Interlocked.Increment(ref _slowLeases);

    /// <summary>Hot acquisitions, of the leases begun in generations that are not closed. Never falls: what is read is not read at once.</summary>
    public long Hot(long accesses)
    {
        var hot = accesses + RetiredAccesses - Volatile.Read(ref _slowLeases);
        while (Volatile.Read(ref _hot) is var before && hot > before)
        {
            if (Interlocked.CompareExchange(ref _hot, hot, before) == before)
                return hot;
        }

        return Volatile.Read(ref _hot);
    }

    public void FailedAcquisition() => Interlocked.Increment(ref _failed);

    public void Rotated() => Interlocked.Increment(ref _rotations);

    public void Created() => Interlocked.Increment(ref _created);

    public void PoolFailed() => Interlocked.Increment(ref _poolsFailed);

    public void EvictionSkipped(EvictionSkipReason reason) => Interlocked.Increment(ref _skipped[(int)reason]);

    public void CapExceeded() => Interlocked.Increment(ref _capUnmet);

    public void Evicted(EvictionReason reason) => Interlocked.Increment(ref _evictions[(int)reason]);
}
