namespace HyperConn.Tests.Diagnostics;

/// <summary>Statistics of a manager that does not exist.</summary>
internal static class Samples
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static SecretFetcherStatistics Fetcher() => new()
    {
        StoreCalls = 10,
        BatchCalls = 4,
        CacheHits = 30,
        SharedCalls = 2,
        Failures = 1,
        Refreshes = 3,
        Cached = 8,
        RefreshOverdue = TimeSpan.FromSeconds(90),
    };

    public static HyperConnStatistics Statistics(int tenants = 2) => new()
    {
        TakenAt = Now,
        Pools = 2,
        PoolsResolving = 1,
        Leases = 9,
        HotAcquisitions = 100,
        ColdAcquisitions = 10,
        FailedAcquisitions = 1,
        PoolsCreated = 12,
        PoolsFailed = 1,
        Evictions = new Dictionary<EvictionReason, long> { [EvictionReason.LeastRecentlyUsed] = 5 },
        EvictionsSkipped = 3,
        CapUnmet = 2,
        Rotations = 4,
        Secrets = Fetcher(),
        Servers =
        [
            new ServerStatistics(new ServerEndpoint("pg1", 5432), 80, 7, 3, 2, TimeSpan.FromSeconds(1.5), 1, 11, 0, 0, 2),
            new ServerStatistics(new ServerEndpoint("::1", 6432), null, 2, 0, 0, TimeSpan.Zero, 0, 0, 0, 0, 1),
        ],
        Tenants = [.. Enumerable.Range(0, tenants).Select(i => new TenantStatistics
        {
            Tenant = TenantKey.Create("core", $"org{i}"),
            State = PoolState.Ready,
            Servers = [new ServerEndpoint("pg1", 5432)],
            Username = "u",
            Database = "d",
            CreatedAt = Now,
            LastUsedAt = Now,
            AccessCount = 1,
            Leases = 1,
            Permits = 1,
            SecretVersion = "v",
            SecretFetchedAt = Now.AddMinutes(-10),
            Generation = 1,
        })],
        EvictionsSkippedByReason = new Dictionary<EvictionSkipReason, long> { [EvictionSkipReason.HeldLong] = 3 },
        Circuits =
        [
            Open(new CircuitScope.Server(new ServerEndpoint("pg1", 5432)), HyperConnErrorCode.ServerUnreachable),
            Open(CircuitScope.Store, HyperConnErrorCode.StoreUnavailable),
        ],
    };

    public static CircuitStatistics Open(CircuitScope scope, HyperConnErrorCode code) => new()
    {
        Scope = scope,
        State = CircuitState.Open,
        Failure = new HyperConnFailure(code, "away"),
        Failures = 1,
    };
}
