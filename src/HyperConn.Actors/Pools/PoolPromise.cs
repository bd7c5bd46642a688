using HyperConn.Leases;

namespace HyperConn.Pools;

/// <summary>One caller's wait for a pool, answered by the supervisor with the pool or with why there is none.</summary>
internal sealed class PoolPromise(bool forLease)
    : TaskCompletionSource<PoolAnswer>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>Keeps the promise. A pool for a lease is kept from eviction until the caller has its lease; not if the caller has gone.</summary>
    public void Keep(PoolGeneration pool)
    {
        if (forLease)
            pool.Expect();
        if (!TrySetResult(new PoolAnswer(pool, null)) && forLease)
            pool.Unexpect();
    }

    public void Break(HyperConnFailure reason) => TrySetResult(new PoolAnswer(null, reason));
}

/// <summary>A pool, or why there is none.</summary>
internal readonly record struct PoolAnswer(PoolGeneration? Pool, HyperConnFailure? Failure);
