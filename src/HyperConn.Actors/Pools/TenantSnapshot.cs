namespace HyperConn.Pools;

/// <summary>Reads one tenant's figures from what is shared without a message.</summary>
internal static class TenantSnapshot
{
    public static TenantStatistics Of(PoolRuntime runtime, TenantDataSource handle, bool ready, int draining, EvictionSkipReason? notEvicted = null)
    {
        var pool = handle.Current;
        var word = pool?.Word ?? default;
        var now = runtime.Time.GetUtcNow();
        return new TenantStatistics(
            handle.Tenant,
            pool is null ? (ready ? PoolState.Draining : PoolState.Resolving) : word.IsDraining ? PoolState.Draining : PoolState.Ready,
            pool?.ServerName,
            pool?.Credentials.Postgres.Username,
            pool?.Credentials.Postgres.Database,
            pool?.CreatedAt ?? now,
            pool is null ? now : runtime.Clock.ToWallClock(pool.LastUsed),
            pool?.Accesses ?? 0,
            word.Leases,
            pool?.OldestLease,
            word.Permits,
            pool?.Waiters ?? 0,
            pool?.Credentials.SecretVersion,
            pool?.Credentials.FetchedAt.WallClock,
            pool?.Number ?? 0,
            draining,
            handle.Login.Failures,
            handle.Login.Cause ?? handle.LastFailure)
        {
            NotEvicted = notEvicted,
            SecretStaleAt = pool?.Credentials.StaleAt.WallClock,
            Circuit = handle.Login.State,
        };
    }
}
