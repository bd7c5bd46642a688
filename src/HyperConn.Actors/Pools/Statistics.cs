namespace HyperConn;

/// <summary>State of one tenant's pool.</summary>
public enum PoolState
{
    /// <summary>The secret is being looked up.</summary>
    Resolving,

    /// <summary>Ready; connections are opened as needed.</summary>
    Ready,

    /// <summary>Takes no new leases and closes when the open ones end.</summary>
    Draining,
}

/// <summary>Why a pool was evicted.</summary>
public enum EvictionReason
{
    /// <summary>Idle for longer than <see cref="PoolOptions.IdleTimeToLive"/>.</summary>
    IdleTimeToLive,

    /// <summary>Least recently used while the cap was reached.</summary>
    LeastRecentlyUsed,

    /// <summary>Surplus over the cap, gone idle.</summary>
    Overflow,

    /// <summary>Asked for.</summary>
    Requested,

    /// <summary>Shutdown.</summary>
    Shutdown,
}

/// <summary>A snapshot of the manager: totals since start, and what lives now.</summary>
/// <param name="TakenAt">When it was taken.</param>
/// <param name="Pools">Pools alive.</param>
/// <param name="PoolsResolving">Pools being made, besides these.</param>
/// <param name="Leases">Leases open.</param>
/// <param name="HotAcquisitions">Connections opened without a message: the pool was live and a permit free.</param>
/// <param name="ColdAcquisitions">Connections that needed a new pool, a permit or a retry.</param>
/// <param name="FailedAcquisitions">Acquisitions that ended with an error.</param>
/// <param name="PoolsCreated">Pools made since start.</param>
/// <param name="PoolsFailed">Pools that could not be made.</param>
/// <param name="Evictions">Evictions since start, by reason.</param>
/// <param name="EvictionsSkipped">Times a pool that was due was not evicted because it was in use; <see cref="EvictionsSkippedByReason"/> says why.</param>
/// <param name="CapUnmet">Times the cap was exceeded because every pool was busy.</param>
/// <param name="Rotations">Credentials that changed under a live pool: passwords replaced and generations started.</param>
/// <param name="Secrets">The secret fetcher's counters.</param>
/// <param name="Servers">One entry for each PostgreSQL server in use.</param>
/// <param name="Tenants">One entry for each live pool and each tenant with a remembered failure.</param>
public sealed record HyperConnStatistics(
    DateTimeOffset TakenAt,
    int Pools,
    int PoolsResolving,
    int Leases,
    long HotAcquisitions,
    long ColdAcquisitions,
    long FailedAcquisitions,
    long PoolsCreated,
    long PoolsFailed,
    IReadOnlyDictionary<EvictionReason, long> Evictions,
    long EvictionsSkipped,
    long CapUnmet,
    long Rotations,
    SecretFetcherStatistics Secrets,
    IReadOnlyList<ServerStatistics> Servers,
    IReadOnlyList<TenantStatistics> Tenants)
{
    /// <summary>Times a pool that was due was not evicted, by reason; empty where the reasons aren't counted.</summary>
    public IReadOnlyDictionary<EvictionSkipReason, long> EvictionsSkippedByReason { get; init; } = new Dictionary<EvictionSkipReason, long>();

    /// <summary>Pauses and bans in force.</summary>
    public IReadOnlyList<OperatorRestriction> Restrictions { get; init; } = [];

    /// <summary>Circuits of servers and of the secret store that are not closed; those of tenants are in <see cref="Tenants"/>.</summary>
    public IReadOnlyList<CircuitStatistics> Circuits { get; init; } = [];
}

/// <summary>Why a pool that was due was not evicted.</summary>
public enum EvictionSkipReason
{
    /// <summary>A lease is open.</summary>
    InUse,

    /// <summary>A lease is open for longer than <see cref="DiagnosticsOptions.LeakThreshold"/>. Counted at once, or when a pool passed over
    /// as in use turns out to be held that long.</summary>
    HeldLong,

    /// <summary>Callers wait for it.</summary>
    Waiting,
}

/// <summary>One tenant's pool.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="State">State of its pool.</param>
/// <param name="Server">Server, <c>host:port</c>; several joined by a comma; null while resolving.</param>
/// <param name="Username">PostgreSQL user; null while resolving.</param>
/// <param name="Database">Database; null while resolving.</param>
/// <param name="CreatedAt">When the pool was made.</param>
/// <param name="LastUsedAt">When a lease last ended, or the pool was made.</param>
/// <param name="AccessCount">Leases begun since the pool was made.</param>
/// <param name="Leases">Leases open.</param>
/// <param name="OldestLease">Age of the oldest lease, where leak detection knows it.</param>
/// <param name="Permits">Permits held.</param>
/// <param name="Waiting">Callers that wait.</param>
/// <param name="SecretVersion">Version of the secret in use.</param>
/// <param name="SecretFetchedAt">When that secret was read.</param>
/// <param name="Generation">Number of the credentials' generation, from 1.</param>
/// <param name="DrainingGenerations">Older generations that still have leases.</param>
/// <param name="Failures">Failures in a row, for this tenant.</param>
/// <param name="LastFailure">The latest failure, while it is remembered.</param>
public sealed record TenantStatistics(
    TenantKey Tenant,
    PoolState State,
    string? Server,
    string? Username,
    string? Database,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastUsedAt,
    long AccessCount,
    int Leases,
    TimeSpan? OldestLease,
    int Permits,
    int Waiting,
    string? SecretVersion,
    DateTimeOffset? SecretFetchedAt,
    int Generation,
    int DrainingGenerations,
    int Failures,
    HyperConnFailure? LastFailure)
{
    /// <summary>When the secret in use becomes due for a refresh; null where that is not known.</summary>
    public DateTimeOffset? SecretStaleAt { get; init; }

    /// <summary>Why the pool is not evicted although it was due; null: it was not due since it was last idle.</summary>
    public EvictionSkipReason? NotEvicted { get; init; }

    /// <summary>State of the tenant's circuit.</summary>
    public CircuitState Circuit { get; init; }
}

/// <summary>Result of <see cref="ITenantPools.PreloadAsync"/>.</summary>
/// <param name="Loaded">Tenants whose pool is live.</param>
/// <param name="Failures">Tenants that failed, with the reason.</param>
public sealed record PreloadResult(int Loaded, IReadOnlyDictionary<TenantKey, HyperConnFailure> Failures);

/// <summary>Progress of <see cref="ITenantPools.PreloadAsync"/>.</summary>
/// <param name="Done">Tenants done, failed ones included.</param>
/// <param name="Total">Tenants in all.</param>
/// <param name="Failed">Tenants failed so far.</param>
/// <param name="Tenant">The tenant just done.</param>
public sealed record PreloadProgress(int Done, int Total, int Failed, TenantKey Tenant);

/// <summary>Result of <see cref="ITenantPools.EvictAsync"/>.</summary>
public enum EvictResult
{
    /// <summary>The pool was idle and is gone.</summary>
    Evicted,

    /// <summary>The pool is in use and stays.</summary>
    InUse,

    /// <summary>The tenant has no pool.</summary>
    NotFound,
}

/// <summary>Result of <see cref="ITenantPools.RefreshAllAsync"/>.</summary>
/// <param name="Secrets">Secrets fetched again.</param>
/// <param name="Changed">Of these, with another version than before.</param>
/// <param name="Failed">Secrets that could not be had; what was known goes on serving.</param>
/// <param name="StoreCalls">Calls made to the store.</param>
public sealed record RefreshAllResult(int Secrets, int Changed, int Failed, int StoreCalls);
