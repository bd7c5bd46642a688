using HyperConn.Leases;

namespace HyperConn.Opening;

/// <summary>Where an open gets a live pool from.</summary>
internal interface IPoolSource
{
    /// <summary>Waits for the tenant's live pool, making it if need be.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="forLease">Whether a lease will be taken at once: until <see cref="PoolGeneration.Unexpect"/> the pool is not evicted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HyperConnException">There is none to be had.</exception>
    Task<PoolGeneration> EnsurePoolAsync(TenantKey tenant, bool forLease, CancellationToken cancellationToken);

    /// <summary>The handle of a tenant that has, or had, a pool.</summary>
    TenantDataSource HandleOf(TenantKey tenant);

    /// <summary>The failure of a caller whose time passed because an operator paused the tenant or its server; null: nobody did.</summary>
    HyperConnFailure? WhyPaused(TenantKey tenant);
}
