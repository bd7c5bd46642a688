using HyperConn.Leases;

namespace HyperConn.Opening;

/// <summary>One caller's wait for a pool, answered with the pool or with why there is none.</summary>
/// <param name="forLease">A lease will be taken at once: until <see cref="PoolGeneration.Unexpect"/> the pool is not evicted.</param>
internal sealed class PoolPromise(bool forLease) : TaskCompletionSource<PoolAnswer>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>Keeps the promise. A pool for a lease is kept from eviction until the caller has its lease; not if the caller has gone.</summary>
    public void Keep(IPoolHandle handle, PoolGeneration pool)
    {
        if (forLease)
            pool.Desk.Expect();
        if (!TrySetResult(new PoolAnswer(handle, pool, null)) && forLease)
            pool.Unexpect();
    }

    public void Break(HyperConnFailure reason) => TrySetResult(new PoolAnswer(null, null, reason));

    /// <summary>The caller waits no more. Its going and the answer race; whichever wins decides who ends the reservation.</summary>
    public void Leave(CancellationToken cancellationToken)
    {
        if (!TrySetCanceled(cancellationToken) && forLease && Task is { IsCompletedSuccessfully: true, Result.Pool: { } pool })
            pool.Unexpect();
    }
}

/// <summary>A pool and its tenant's handle, or why there is none.</summary>
internal readonly record struct PoolAnswer(IPoolHandle? Handle, PoolGeneration? Pool, HyperConnFailure? Failure);
