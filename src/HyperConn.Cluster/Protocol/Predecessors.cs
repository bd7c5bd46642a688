namespace HyperConn.Cluster.Protocol;

/// <summary>
/// Coordinators before this one, and when all that they can have promised has lapsed. Not thread-safe.
/// </summary>
/// <remarks>
/// One that did not say its end can have decided for as long as a node's answer to its last word counted, which is one validity, and what it gave then
/// holds for another. What one gave that has ended lapses one validity after its end, and is known as soon as all have spoken that it gave something to.
/// </remarks>
internal sealed class Predecessors(TimeSpan validity)
{
    private readonly Dictionary<long, Predecessor> _byTerm = [];

    /// <summary>Whether there was any.</summary>
    public bool Any => _byTerm.Count > 0;

    /// <summary>A node says which it went by.</summary>
    public void Heard(EarlierTerm term, TimeSpan now)
    {
        var before = _byTerm.GetValueOrDefault(term.Term) ?? new Predecessor(TimeSpan.MinValue, TimeSpan.MaxValue, null);
        var at = now - term.Since;
        _byTerm[term.Term] = term.Nodes is { } nodes
            ? before with { EndLapsesAt = Least(before.EndLapsesAt, at + validity), Nodes = nodes }
            : before with { LapsesAt = Most(before.LapsesAt, at + (2 * validity)) };
    }

    /// <summary>This coordinator itself decided in a term that is over.</summary>
    public void Ended(long term, IReadOnlyList<string> nodes, TimeSpan now) => _byTerm[term] = new Predecessor(now, now + validity, nodes);

    /// <summary>Whether something holds that is not known.</summary>
    /// <param name="hasHeard">Whether a node with this tag has spoken to this coordinator.</param>
    /// <param name="now">The coordinator's clock.</param>
    public bool HaveUnknown(Func<string, bool> hasHeard, TimeSpan now) => _byTerm.Values.Any(term => term.Nodes is { } nodes
        ? now < term.EndLapsesAt && !nodes.All(hasHeard)
        : now < term.LapsesAt);

    private static TimeSpan Most(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private sealed record Predecessor(TimeSpan LapsesAt, TimeSpan EndLapsesAt, IReadOnlyList<string>? Nodes);
}
