using HyperConn.Cluster.Operating;

namespace HyperConn.Host;

/// <summary>
/// Statistics over all nodes as if they were one process, or of one of them. Tenants travel in pages, so many of them are fetched less often than the
/// rest. Read by one feed at a time.
/// </summary>
/// <param name="nodes">The nodes.</param>
/// <param name="node">The address of the only one; null: all.</param>
/// <param name="clock">The clock.</param>
internal sealed class NodesSource(IHyperConnNodes nodes, string? node, TimeProvider clock) : IStatisticsSource
{
    // Up to here a page or two a node.
    private const int Few = 300;

    private static readonly TimeSpan ManyEvery = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, HyperConnStatistics> _known = new(StringComparer.Ordinal);
    private long _tenantsAt;

    public HyperConnStatistics? Latest { get; private set; }

    public async ValueTask<HyperConnStatistics> GetAsync(CancellationToken cancellationToken = default)
    {
        var withTenants = Latest is not { Tenants.Count: > Few } || clock.GetElapsedTime(_tenantsAt) >= ManyEvery;
        var answers = await nodes.GetStatisticsAsync(withTenants, node, cancellationToken);
        if (withTenants)
            _tenantsAt = clock.GetTimestamp();
        if (answers.All(answer => answer.Statistics is null))
        {
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.TimedOut, answers.Count > 0 ? answers[0].Fault! : "There is no such node."));
        }

        foreach (var gone in _known.Keys.Except(answers.Select(answer => answer.Node)).ToList())
            _known.Remove(gone);
        foreach (var answer in answers)
        {
            if (answer.Statistics is { } taken)
                _known[answer.Node] = withTenants ? taken : taken with { Tenants = _known.GetValueOrDefault(answer.Node)?.Tenants ?? [] };
            else if (_known.TryGetValue(answer.Node, out var before))
                _known[answer.Node] = Counted(before);
        }

        return Latest = MergedStatistics.Of([.. _known.Values], clock.GetUtcNow());
    }

    /// <summary>What a node that does not answer has counted, so that sums don't fall and rise again; nothing of what it had.</summary>
    private static HyperConnStatistics Counted(HyperConnStatistics before) => before with
    {
        Pools = 0,
        PoolsResolving = 0,
        Leases = 0,
        Servers = [],
        Tenants = [],
        Restrictions = [],
        Circuits = [],
    };
}
