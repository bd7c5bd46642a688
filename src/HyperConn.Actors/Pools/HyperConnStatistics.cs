namespace HyperConn;

/// <summary>A snapshot of the manager: totals since start, and what lives now.</summary>
public sealed record HyperConnStatistics
{
    /// <summary>When it was taken.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>Pools alive.</summary>
    public int Pools { get; init; }

    /// <summary>Pools being made, besides these.</summary>
    public int PoolsResolving { get; init; }

    /// <summary>Leases open.</summary>
    public int Leases { get; init; }

    /// <summary>Connections handed out without a message or a probe: the pool was live, a permit free, a connection idle, and its server was
    /// proved to run on. All but a few take no lock either: those learn of the proof at a second look.</summary>
    public long HotAcquisitions { get; init; }

    /// <summary>Connections that needed a new pool, a permit, a new physical connection or a second try, or were opened inside an ambient
    /// transaction.</summary>
    public long ColdAcquisitions { get; init; }

    /// <summary>Connections that were idle and were asked before they were handed out, because their server was in doubt or they were idle
    /// for longer than <see cref="ConnectionOptions.ValidateAfter"/>. One that did not answer makes its acquisition a cold one, too.</summary>
    public long Probes { get; init; }

    /// <summary>Connections handed out because they answered when asked, and which needed nothing else. Together with
    /// <see cref="HotAcquisitions"/> and <see cref="ColdAcquisitions"/> these are all connections handed out.</summary>
    public long ProbedAcquisitions { get; init; }

    /// <summary>Acquisitions that ended with an error.</summary>
    public long FailedAcquisitions { get; init; }

    /// <summary>Pools made since start.</summary>
    public long PoolsCreated { get; init; }

    /// <summary>Pools that could not be made.</summary>
    public long PoolsFailed { get; init; }

    /// <summary>Evictions since start, by reason.</summary>
    public IReadOnlyDictionary<EvictionReason, long> Evictions { get; init; } = new Dictionary<EvictionReason, long>();

    /// <summary>Times a pool that was due was not evicted because it was in use; <see cref="EvictionsSkippedByReason"/> says why.</summary>
    public long EvictionsSkipped { get; init; }

    /// <summary>Times the cap was exceeded because every pool was busy.</summary>
    public long CapUnmet { get; init; }

    /// <summary>Credentials that changed under a live pool: passwords replaced and generations started.</summary>
    public long Rotations { get; init; }

    /// <summary>The secret fetcher's counters.</summary>
    public SecretFetcherStatistics Secrets { get; init; } = new();

    /// <summary>How the catalogues of PostgreSQL's types are shared; all zero where <see cref="ConnectionOptions.ShareTypes"/> is off.</summary>
    public TypeCatalogueStatistics TypeCatalogues { get; init; } = new();

    /// <summary>One entry for each PostgreSQL server in use.</summary>
    public IReadOnlyList<ServerStatistics> Servers { get; init; } = [];

    /// <summary>One entry for each live pool and each tenant with a remembered failure.</summary>
    public IReadOnlyList<TenantStatistics> Tenants { get; init; } = [];

    /// <summary>Times a pool that was due was not evicted, by reason; empty where the reasons aren't counted.</summary>
    public IReadOnlyDictionary<EvictionSkipReason, long> EvictionsSkippedByReason { get; init; } = new Dictionary<EvictionSkipReason, long>();

    /// <summary>Pauses and bans in force.</summary>
    public IReadOnlyList<OperatorRestriction> Restrictions { get; init; } = [];

    /// <summary>Circuits of servers and of the secret store that are not closed; those of tenants are in <see cref="Tenants"/>.</summary>
    public IReadOnlyList<CircuitStatistics> Circuits { get; init; } = [];
}
