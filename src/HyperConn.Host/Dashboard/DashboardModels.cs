namespace HyperConn.Host;

/// <summary>One moment of the whole manager, for charts.</summary>
internal sealed record Sample(
    DateTimeOffset At,
    int Pools,
    int Leases,
    int Waiting,
    double OldestWait,
    double HotPerSecond,
    double ColdPerSecond,
    double FailedPerSecond,
    int InUse,
    int IdleHeld,
    int? Limit);

/// <summary>Samples as columns: a fraction of the bytes of a list of objects.</summary>
internal sealed record SampleColumns(
    IReadOnlyList<long> At,
    IReadOnlyList<int> Pools,
    IReadOnlyList<int> Leases,
    IReadOnlyList<int> Waiting,
    IReadOnlyList<double> OldestWait,
    IReadOnlyList<double> HotPerSecond,
    IReadOnlyList<double> ColdPerSecond,
    IReadOnlyList<double> FailedPerSecond,
    IReadOnlyList<int> InUse,
    IReadOnlyList<int> IdleHeld,
    IReadOnlyList<int?> Limit);

/// <summary>Totals since start.</summary>
internal sealed record Totals(
    int Pools,
    int PoolsResolving,
    int PoolsDraining,
    int Leases,
    long HotAcquisitions,
    long ColdAcquisitions,
    long FailedAcquisitions,
    long PoolsCreated,
    long PoolsFailed,
    IReadOnlyDictionary<string, long> Evictions,
    IReadOnlyDictionary<string, long> SkippedEvictions,
    long CapUnmet,
    long Rotations,
    long SecretCalls,
    long SecretCacheHits,
    int SecretsCached,
    IReadOnlyDictionary<string, int> TenantsByState);

/// <summary>Something an operator should look at.</summary>
internal sealed record Attention(string Severity, string Title, string Detail, string? Service, string? Org, string? Server, bool All);

internal sealed record ServerNow(
    string Server,
    int? Limit,
    int InUse,
    int IdleHeld,
    int Waiting,
    double OldestWait,
    int Opening,
    long Reclaims,
    long Refusals,
    long TimedOut,
    int Pools,
    string Circuit,
    string? CircuitReason,
    DateTimeOffset? RetryAt,
    string? Restriction);

internal sealed record ServerColumns(
    string Server,
    IReadOnlyList<long> At,
    IReadOnlyList<int?> Limit,
    IReadOnlyList<int> InUse,
    IReadOnlyList<int> IdleHeld,
    IReadOnlyList<int> Waiting);

/// <summary>What the overview shows, history included.</summary>
internal sealed record Overview(
    string Title,
    DateTimeOffset StartedAt,
    double SampleSeconds,
    double LeakThreshold,
    Sample Now,
    Totals Totals,
    SampleColumns History,
    IReadOnlyList<ServerNow> Servers,
    IReadOnlyList<Attention> Attention,
    EventWorkerRow? EventWorker);

/// <summary>What the stream sends each interval.</summary>
internal sealed record Tick(
    Sample Now,
    Totals Totals,
    IReadOnlyList<ServerNow> Servers,
    IReadOnlyList<Attention> Attention,
    EventWorkerRow? EventWorker,
    IReadOnlyList<EventRow> Events);

internal sealed record TenantRow(
    string Service,
    string Org,
    string State,
    string? Server,
    string? User,
    string? Database,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastUsedAt,
    long AccessCount,
    int Leases,
    double? OldestLease,
    string? NotEvicted,
    int Permits,
    int Waiting,
    string? SecretVersion,
    DateTimeOffset? SecretFetchedAt,
    DateTimeOffset? SecretStaleAt,
    int Generation,
    int DrainingGenerations,
    int Failures,
    string? FailureCode,
    string? FailureMessage,
    DateTimeOffset? RetryAt,
    string? RestrictedBy,
    string? RestrictionReason,
    DateTimeOffset? RestrictedUntil);

internal sealed record TenantPage(int Total, int Offset, IReadOnlyList<TenantRow> Items);

/// <summary>Every tenant's state as one letter, in the order of <c>sort=name</c>.</summary>
internal sealed record TenantMap(int Count, string States);

internal sealed record SecretRow(
    string Name,
    string Org,
    IReadOnlyList<string> Services,
    string? Version,
    DateTimeOffset? FetchedAt,
    DateTimeOffset? StaleAt,
    int Pools,
    int Failures,
    string? FailureCode);

internal sealed record SecretPage(int Total, int Offset, IReadOnlyList<SecretRow> Items);

internal sealed record ServerList(IReadOnlyList<ServerNow> Items, IReadOnlyList<ServerColumns> History);

internal sealed record EventRow(
    long Id,
    DateTimeOffset At,
    string Kind,
    string? Service,
    string? Org,
    string? Server,
    string Message,
    string? Detail,
    string? By);

internal sealed record EventPage(long LastId, IReadOnlyList<EventRow> Items);

/// <summary>An operator's wish.</summary>
/// <param name="Verb"><c>pause</c>, <c>resume</c>, <c>drain</c>, <c>refresh</c> or <c>ban</c>.</param>
/// <param name="Scope"><c>tenant</c>, <c>server</c> or <c>all</c>.</param>
/// <param name="Service">Of the tenant.</param>
/// <param name="Org">Of the tenant.</param>
/// <param name="Server"><c>host:port</c>.</param>
/// <param name="By">Who asks.</param>
/// <param name="Reason">Why.</param>
/// <param name="Seconds">How long a ban lasts.</param>
/// <param name="Node">Address of the node to carry it out, <c>this</c> or <c>all</c>; null: all nodes of the cluster.</param>
internal sealed record ActionRequest(
    string? Verb,
    string? Scope,
    string? Service,
    string? Org,
    string? Server,
    string? By,
    string? Reason,
    double? Seconds,
    string? Node = null);

/// <summary>What came of it.</summary>
/// <param name="Accepted">Whether every node did or began it.</param>
/// <param name="Message">What happened, or why not.</param>
/// <param name="Affected">Live pools it concerns, over all nodes; for a refresh, secrets.</param>
/// <param name="Nodes">Each node's answer; empty where this process is no node of a cluster.</param>
internal sealed record ActionResponse(bool Accepted, string Message, int Affected, IReadOnlyList<NodeReplyRow> Nodes);

internal sealed record Access(bool Reading, bool Acting, bool TokenConfigured);
