namespace HyperConn.Pools;

/// <summary>Reads one tenant's figures from what is shared without a message.</summary>
internal static class TenantSnapshot
{
    public static TenantStatistics Of(PoolRuntime runtime, TenantDataSource handle, bool ready, int draining, EvictionSkipReason? notEvicted = null)
    {
        var pool = handle.Current;
        var word = pool?.Word ?? default;
        var now = runtime.Time.GetUtcNow();
        return new TenantStatistics
        {
            Tenant = handle.Tenant,
            State = pool is null ? (ready ? PoolState.Draining : PoolState.Resolving) : word.IsDraining ? PoolState.Draining : PoolState.Ready,
            Servers = pool?.Endpoints ?? [],
            Username = pool?.Credentials.Postgres.Username,
            Database = pool?.Credentials.Postgres.Database,
            CreatedAt = pool?.CreatedAt ?? now,
            LastUsedAt = pool is null ? now : runtime.Clock.ToWallClock(pool.LastUsed),
            AccessCount = pool?.Ages.Begun ?? 0,
            Leases = word.Leases,
            OldestLease = pool?.Ages.Oldest,
            NotEvicted = notEvicted,
            Permits = word.Permits,
            Waiting = pool?.Waiters ?? 0,
            SecretVersion = pool?.Credentials.SecretVersion,
            SecretFetchedAt = pool?.Credentials.FetchedAt.WallClock,
            SecretStaleAt = pool?.Credentials.StaleAt.WallClock,
            Generation = pool?.Number ?? 0,
            DrainingGenerations = draining,
            Failures = handle.Login.Failures,
            LastFailure = handle.Login.Cause ?? handle.LastFailure,
            Circuit = handle.Login.State,
        };
    }
}
