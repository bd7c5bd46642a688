namespace HyperConn.Cluster.Protocol;

/// <summary>
/// The nodes as the coordinator hears them: who is a member of the cluster, who spoke lately, and whether that is a majority. Not thread-safe.
/// </summary>
/// <remarks>
/// A majority is more than half of the members that are up, and not less than half of all, those that are only joining included. No member is up anywhere
/// before all the others know that it joins. So whoever one coordinator finds up, any other finds among its members, and of two majorities one node is
/// in both, however late either hears of who came.
/// </remarks>
internal sealed class NodeRoll(TimeSpan validity)
{
    // Connections that were being opened as a share lapsed are closed or counted by then, and clocks may run a little differently.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<NodeId, Entry> _entries = [];
    private readonly Dictionary<NodeId, TimeSpan> _spoke = [];
    private readonly HashSet<NodeId> _up = [];
    private NodeId[] _all = [];

    /// <summary>Members, those that are only joining included.</summary>
    public int Members => _all.Length;

    /// <summary>Whether a node is up.</summary>
    public bool IsMember(NodeId node) => _up.Contains(node);

    /// <summary>Whether sessions with this tag are counted by what their node says, or was given.</summary>
    public bool IsKnown(string tag) => _entries.Keys.Any(node => node.Tag == tag);

    /// <summary>Whether a node has told this coordinator of all that it has.</summary>
    public bool IsWhole(string tag) => _entries.Any(entry => entry.Key.Tag == tag && entry.Value.IsWhole);

    /// <summary>When the share of a node has lapsed at the latest.</summary>
    public TimeSpan LapsesAt(NodeId node) => _entries.TryGetValue(node, out var entry) ? entry.HeardAt + validity + Grace : TimeSpan.MinValue;

    /// <summary>Whether a node is a member that was heard lately.</summary>
    public bool IsLiving(NodeId node, TimeSpan now) => IsMember(node) && now < LapsesAt(node);

    /// <summary>Members that have not told all in this term.</summary>
    public IEnumerable<NodeId> Unheard => _all.Where(node => !_entries.TryGetValue(node, out var entry) || !entry.IsWhole);

    /// <summary>Nodes that have spoken in this term.</summary>
    public IEnumerable<NodeId> Known => _entries.Keys;

    /// <summary>Whether a majority speaks to this coordinator at all, be it of another term.</summary>
    public bool IsChosen(TimeSpan now) => IsMajority(_up.Count(node => _spoke.TryGetValue(node, out var at) && now - at < validity));

    /// <summary>
    /// Whether a majority spoke after this coordinator had spoken to it, not long ago. One that was stopped, or is on the small side of a partition,
    /// finds that nobody did, whatever waited in its mailbox.
    /// </summary>
    public bool HasMajority(TimeSpan now) => IsMajority(_up.Count(node => _entries.TryGetValue(node, out var entry) && now - entry.EchoedAt < validity));

    /// <summary>The number of the newest report of a node.</summary>
    public long NumberOf(NodeId node) => _entries.TryGetValue(node, out var entry) ? entry.Number : 0;

    /// <summary>Who is in the cluster now.</summary>
    /// <param name="all">All members.</param>
    /// <param name="up">Those of them that are up, or were and are leaving.</param>
    public void SetMembers(IEnumerable<NodeId> all, IEnumerable<NodeId> up)
    {
        _all = [.. all];
        _up.Clear();
        _up.UnionWith(up);
    }

    /// <summary>The same members, of whom nobody has spoken in the new term.</summary>
    public NodeRoll Anew()
    {
        var roll = new NodeRoll(validity);
        roll.SetMembers(_all, _up);
        foreach (var (node, at) in _spoke)
            roll._spoke[node] = at;
        return roll;
    }

    /// <summary>Notes that a node speaks to this coordinator.</summary>
    public void Spoke(NodeId node, TimeSpan now) => _spoke[node] = now;

    /// <summary>Books that a node has spoken. False: it is old news.</summary>
    public bool Heard(ShareReport report, TimeSpan now)
    {
        if (!_entries.TryGetValue(report.Node, out var entry))
            _entries.Add(report.Node, entry = new Entry());
        if (report.Number <= entry.Number)
            return false;
        (entry.Number, entry.HeardAt) = (report.Number, now);
        entry.IsWhole |= report.IsWhole;
        var echoed = report.Echo == 0 ? TimeSpan.MinValue : TimeSpan.FromTicks(report.Echo);
        if (echoed > entry.EchoedAt && echoed <= now)
            entry.EchoedAt = echoed;
        return true;
    }

    /// <summary>A node that is no member has nothing left on any server.</summary>
    public void Forget(NodeId node)
    {
        _entries.Remove(node);
        _spoke.Remove(node);
    }

    /// <summary>Nodes that are no members, and were heard in this term.</summary>
    public IReadOnlyList<NodeId> Gone => [.. _entries.Keys.Where(node => !IsMember(node))];

    private bool IsMajority(int nodes) => nodes * 2 > _up.Count && nodes * 2 >= _all.Length;

    private sealed class Entry
    {
        public long Number { get; set; }

        public TimeSpan HeardAt { get; set; }

        public bool IsWhole { get; set; }

        // Long ago, and not so long that subtracting it overflows.
        public TimeSpan EchoedAt { get; set; } = TimeSpan.FromDays(-1000);
    }
}
