using Npgsql;

namespace HyperConn;

/// <summary>Every tenant's pool, for code that is not an actor. Safe for concurrent use; one per process.</summary>
/// <remarks>
/// Actors ask the <see cref="PoolSupervisor"/> of the actor registry with <see cref="GetPool"/> instead and get the same.
/// Every method throws <see cref="HyperConnException"/> for what can go wrong and
/// <see cref="OperationCanceledException"/> when its token is cancelled.
/// </remarks>
public interface ITenantPools
{
    /// <summary>Gets the tenant's data source, making its pool when there is none.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="cancellationToken">Ends this caller's wait; other callers still get the pool.</param>
    /// <returns>A handle that may be kept for ever: it revives its pool when that was evicted.</returns>
    ValueTask<TenantDataSource> GetDataSourceAsync(TenantKey tenant, CancellationToken cancellationToken = default);

    /// <summary>Opens a connection of the tenant. Closing or disposing it ends the lease.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>An open connection.</returns>
    ValueTask<NpgsqlConnection> OpenConnectionAsync(TenantKey tenant, CancellationToken cancellationToken = default);

    /// <summary>Makes a connection of the tenant to be opened later, for mappers that open and close by themselves. Nothing is waited for, and nothing
    /// looked up before it is opened.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <returns>A closed connection; each opening takes a lease.</returns>
    TenantConnection CreateConnection(TenantKey tenant);

    /// <summary>Makes the pools of several tenants ahead of need. One tenant's failure does not stop the rest.</summary>
    /// <param name="tenants">Tenants to load; null: every service configured, of every organisation the store lists.</param>
    /// <param name="parallelism">Most tenants loaded at once; 1 or more.</param>
    /// <param name="progress">Told after each tenant.</param>
    /// <param name="cancellationToken">Stops after the tenants under way.</param>
    /// <returns>What was loaded and what failed.</returns>
    Task<PreloadResult> PreloadAsync(
        IReadOnlyCollection<TenantKey>? tenants = null,
        int parallelism = 16,
        IProgress<PreloadProgress>? progress = null,
        CancellationToken cancellationToken = default);

    /// <summary>Lists the organisations that have a secret of this project.</summary>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <returns>Organisation ids, sorted.</returns>
    Task<IReadOnlyList<string>> ListOrgIdsAsync(CancellationToken cancellationToken = default);

    /// <summary>Creates or replaces the entry of a tenant in its organisation's secret; other services' entries stay.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="connectionString">Credentials in any form the library reads; checked before they are stored.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>A task that ends when the secret is stored.</returns>
    Task StoreSecretAsync(TenantKey tenant, string connectionString, CancellationToken cancellationToken = default);

    /// <summary>Evicts the tenant's pool if it is idle.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What happened.</returns>
    Task<EvictResult> EvictAsync(TenantKey tenant, CancellationToken cancellationToken = default);

    /// <summary>Fetches the organisation's secret again, forgets its failures and gives its pools the new credentials.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="cancellationToken">Ends the wait; the refresh goes on.</param>
    /// <returns>A task that ends when the pools have the new credentials; fails when the secret can't be had.</returns>
    Task RefreshAsync(TenantKey tenant, CancellationToken cancellationToken = default);

    /// <summary>Fetches every known secret again, in batches.</summary>
    /// <param name="cancellationToken">Ends the wait; the refresh goes on.</param>
    /// <returns>Counts of what was refreshed.</returns>
    Task<RefreshAllResult> RefreshAllAsync(CancellationToken cancellationToken = default);

    /// <summary>Takes a snapshot of all counters and of every live pool.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The snapshot.</returns>
    Task<HyperConnStatistics> GetStatisticsAsync(CancellationToken cancellationToken = default);

    /// <summary>Ends the manager: no new leases, waits for open ones, then closes every pool. May be called more than once.</summary>
    /// <param name="deadline">How long to wait for open leases, zero to <see cref="PoolOptions.MaxDrainTimeout"/>; null: <see cref="PoolOptions.DrainTimeout"/>.</param>
    /// <param name="cancellationToken">Stops waiting and closes at once.</param>
    /// <returns>How many leases were still open when their pools were closed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The deadline is negative or longer than <see cref="PoolOptions.MaxDrainTimeout"/>.</exception>
    Task<int> DrainAllAsync(TimeSpan? deadline = null, CancellationToken cancellationToken = default);
}
