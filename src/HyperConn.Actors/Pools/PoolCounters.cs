namespace HyperConn.Pools;

/// <summary>What became of pools since start.</summary>
internal sealed class PoolCounters
{
    private readonly long[] _evictions = new long[Enum.GetValues<EvictionReason>().Length];
    private readonly long[] _skipped = new long[Enum.GetValues<EvictionSkipReason>().Length];
    private long _rotations;
    private long _created;
    private long _poolsFailed;
    private long _capUnmet;

    public long Rotations => Volatile.Read(ref _rotations);

    public long PoolsCreated => Volatile.Read(ref _created);

    public long PoolsFailed => Volatile.Read(ref _poolsFailed);

    public IReadOnlyDictionary<EvictionSkipReason, long> EvictionsSkipped =>
        Enum.GetValues<EvictionSkipReason>().ToDictionary(reason => reason, reason => Volatile.Read(ref _skipped[(int)reason]));

    public long CapUnmet => Volatile.Read(ref _capUnmet);

    public IReadOnlyDictionary<EvictionReason, long> Evictions =>
        Enum.GetValues<EvictionReason>().ToDictionary(reason => reason, reason => Volatile.Read(ref _evictions[(int)reason]));

    public void Rotated() => Interlocked.Increment(ref _rotations);

    public void Created() => Interlocked.Increment(ref _created);

    public void PoolFailed() => Interlocked.Increment(ref _poolsFailed);

    public void EvictionSkipped(EvictionSkipReason reason) => Interlocked.Increment(ref _skipped[(int)reason]);

    public void CapExceeded() => Interlocked.Increment(ref _capUnmet);

    public void Evicted(EvictionReason reason) => Interlocked.Increment(ref _evictions[(int)reason]);
}
