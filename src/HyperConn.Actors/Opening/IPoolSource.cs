namespace HyperConn.Opening;

/// <summary>Where an open gets a live pool from.</summary>
internal interface IPoolSource
{
    /// <summary>Asks for the tenant's live pool, which is made if need be.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="forLease">Whether a lease will be taken at once: until <see cref="Leases.PoolGeneration.Unexpect"/> the pool is not evicted.</param>
    /// <exception cref="HyperConnException">There is none to be had.</exception>
    PoolPromise RequestPool(TenantKey tenant, bool forLease);

    /// <summary>Where a tenant's leases are taken; null: it never had a pool.</summary>
    ILeaseSource? FindSource(TenantKey tenant);

    /// <summary>The failure of a caller whose time passed because an operator paused the tenant or its server; null: nobody did.</summary>
    HyperConnFailure? WhyPaused(TenantKey tenant);
}
