namespace HyperConn.Cluster.Operating;

/// <summary>Makes the statistics of several nodes one: as if one process had all the pools.</summary>
internal static class MergedStatistics
{
    /// <param name="nodes">The nodes' statistics.</param>
    /// <param name="now">When it is taken.</param>
    public static HyperConnStatistics Of(IReadOnlyList<HyperConnStatistics> nodes, DateTimeOffset now) => new()
    {
        TakenAt = now,
        Pools = nodes.Sum(node => node.Pools),
        PoolsResolving = nodes.Sum(node => node.PoolsResolving),
        Leases = nodes.Sum(node => node.Leases),
        HotAcquisitions = nodes.Sum(node => node.HotAcquisitions),
        ColdAcquisitions = nodes.Sum(node => node.ColdAcquisitions),
        Probes = nodes.Sum(node => node.Probes),
        ProbedAcquisitions = nodes.Sum(node => node.ProbedAcquisitions),
        FailedAcquisitions = nodes.Sum(node => node.FailedAcquisitions),
        PoolsCreated = nodes.Sum(node => node.PoolsCreated),
        PoolsFailed = nodes.Sum(node => node.PoolsFailed),
        Evictions = Sums(nodes.SelectMany(node => node.Evictions)),
        EvictionsSkipped = nodes.Sum(node => node.EvictionsSkipped),
        CapUnmet = nodes.Sum(node => node.CapUnmet),
        Rotations = nodes.Sum(node => node.Rotations),
        Secrets = Secrets([.. nodes.Select(node => node.Secrets)]),
        TypeCatalogues = new TypeCatalogueStatistics
        {
            Catalogues = nodes.Sum(node => node.TypeCatalogues.Catalogues),
            Types = nodes.Sum(node => node.TypeCatalogues.Types),
            Shared = nodes.Sum(node => node.TypeCatalogues.Shared),
            Loaded = nodes.Sum(node => node.TypeCatalogues.Loaded),
            Unshared = nodes.Sum(node => node.TypeCatalogues.Unshared),
            JoinedChecks = nodes.Sum(node => node.TypeCatalogues.JoinedChecks),
        },
        Servers = [.. nodes.SelectMany(node => node.Servers).GroupBy(server => server.Server).Select(parts => Server([.. parts]))],
        Tenants = [.. nodes.SelectMany(node => node.Tenants).GroupBy(tenant => tenant.Tenant).Select(pools => Tenant([.. pools]))],
        EvictionsSkippedByReason = Sums(nodes.SelectMany(node => node.EvictionsSkippedByReason)),
        Restrictions = [.. nodes.SelectMany(node => node.Restrictions).GroupBy(r => (r.Target, r.Kind)).Select(same => same.MinBy(r => r.Since)!)],
        Circuits = [.. nodes.SelectMany(node => node.Circuits).GroupBy(circuit => circuit.Scope).Select(same => same.MaxBy(circuit => circuit.State)!)],
    };

    private static Dictionary<TReason, long> Sums<TReason>(IEnumerable<KeyValuePair<TReason, long>> counts)
        where TReason : struct, Enum =>
        counts.GroupBy(count => count.Key).ToDictionary(same => same.Key, same => same.Sum(count => count.Value));

    private static SecretFetcherStatistics Secrets(SecretFetcherStatistics[] nodes) => new()
    {
        StoreCalls = nodes.Sum(node => node.StoreCalls),
        BatchCalls = nodes.Sum(node => node.BatchCalls),
        CacheHits = nodes.Sum(node => node.CacheHits),
        SharedCalls = nodes.Sum(node => node.SharedCalls),
        Failures = nodes.Sum(node => node.Failures),
        Refreshes = nodes.Sum(node => node.Refreshes),
        Throttled = nodes.Sum(node => node.Throttled),
        Cached = nodes.Sum(node => node.Cached),
        RefreshOverdue = nodes.Select(node => node.RefreshOverdue).DefaultIfEmpty().Max(),
        LastAnswerAt = nodes.Max(node => node.LastAnswerAt),
        LastStoreFailureAt = nodes.Max(node => node.LastStoreFailureAt),
        LastStoreFailure = nodes.MaxBy(node => node.LastStoreFailureAt)?.LastStoreFailure,
    };

    /// <summary>A node's limit is its share, so that the sum is what the nodes may have together.</summary>
    private static ServerStatistics Server(ServerStatistics[] parts) => new(
        parts[0].Server,
        parts.Any(part => part.Limit is null) ? null : parts.Sum(part => part.Limit),
        parts.Sum(part => part.InUse),
        parts.Sum(part => part.IdleHeld),
        parts.Sum(part => part.Waiting),
        parts.Max(part => part.OldestWait),
        parts.Sum(part => part.Opening),
        parts.Sum(part => part.Reclaims),
        parts.Sum(part => part.Refusals),
        parts.Sum(part => part.TimedOut),
        parts.Sum(part => part.Pools));

    private static TenantStatistics Tenant(TenantStatistics[] pools)
    {
        if (pools.Length == 1)
            return pools[0];
        var newest = pools.MaxBy(pool => pool.SecretFetchedAt ?? DateTimeOffset.MinValue)!;
        var worst = pools.MaxBy(pool => (pool.LastFailure is not null, pool.Failures))!;
        return new TenantStatistics
        {
            Tenant = newest.Tenant,

            // Whoever asks for it gets it from the best of them.
            State = pools.Any(pool => pool.State == PoolState.Ready) ? PoolState.Ready : newest.State,
            Servers = [.. pools.SelectMany(pool => pool.Servers).Distinct()],
            Username = newest.Username ?? pools.Select(pool => pool.Username).FirstOrDefault(name => name is not null),
            Database = newest.Database ?? pools.Select(pool => pool.Database).FirstOrDefault(name => name is not null),
            CreatedAt = pools.Min(pool => pool.CreatedAt),
            LastUsedAt = pools.Max(pool => pool.LastUsedAt),
            AccessCount = pools.Sum(pool => pool.AccessCount),
            Leases = pools.Sum(pool => pool.Leases),
            OldestLease = pools.Max(pool => pool.OldestLease),
            Permits = pools.Sum(pool => pool.Permits),
            Waiting = pools.Sum(pool => pool.Waiting),
            SecretVersion = newest.SecretVersion,
            SecretFetchedAt = newest.SecretFetchedAt,
            SecretStaleAt = newest.SecretStaleAt,
            Generation = pools.Max(pool => pool.Generation),
            DrainingGenerations = pools.Sum(pool => pool.DrainingGenerations),
            Failures = worst.Failures,
            LastFailure = worst.LastFailure,
            NotEvicted = pools.Select(pool => pool.NotEvicted).FirstOrDefault(reason => reason is not null),
            Circuit = pools.Max(pool => pool.Circuit),
        };
    }
}
