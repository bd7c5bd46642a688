namespace HyperConn.Cluster.Protocol;

/// <summary>
/// The nodes as the coordinator hears them: who is a member of the cluster, who spoke lately, and whether that is a majority. Not thread-safe.
/// </summary>
internal sealed class NodeRoll(TimeSpan validity)
{
    // Connections that were being opened as a share lapsed are closed or counted by then, and clocks may run a little differently.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<NodeId, Entry> _entries = [];
    private readonly HashSet<NodeId> _members = [];

    public int Members => _members.Count;

    public IEnumerable<NodeId> All => _members;

    public bool IsMember(NodeId node) => _members.Contains(node);

    /// <summary>Whether sessions with this tag are counted by what their node says, or was given.</summary>
    public bool IsKnown(string tag) => _entries.Keys.Any(node => node.Tag == tag);

    /// <summary>When the share of a node has lapsed at the latest.</summary>
    public TimeSpan LapsesAt(NodeId node) => _entries.TryGetValue(node, out var entry) ? entry.HeardAt + validity + Grace : TimeSpan.MinValue;

    /// <summary>Whether a node is a member that was heard lately.</summary>
    public bool IsLiving(NodeId node, TimeSpan now) => IsMember(node) && now < LapsesAt(node);

    /// <summary>Whether every member has spoken in this term.</summary>
    public bool HasHeardAll => _members.All(_entries.ContainsKey);

    /// <summary>
    /// Whether more than half of the members spoke after this coordinator had spoken to them, not long ago. One that was stopped, or is on the
    /// small side of a partition, finds that nobody did, whatever waited in its mailbox.
    /// </summary>
    public bool HasMajority(TimeSpan now) =>
        _members.Count(node => _entries.TryGetValue(node, out var entry) && now - entry.EchoedAt < validity) * 2 > _members.Count;

    /// <summary>The number of the newest report of a node.</summary>
    public long NumberOf(NodeId node) => _entries[node].Number;

    public void SetMembers(IEnumerable<NodeId> members)
    {
        _members.Clear();
        _members.UnionWith(members);
    }

    /// <summary>Books that a node has spoken. False: it is old news.</summary>
    public bool Heard(ShareReport report, TimeSpan now)
    {
        if (!_entries.TryGetValue(report.Node, out var entry))
            _entries.Add(report.Node, entry = new Entry());
        if (report.Number <= entry.Number)
            return false;
        (entry.Number, entry.HeardAt) = (report.Number, now);
        var echoed = report.Echo == 0 ? TimeSpan.MinValue : TimeSpan.FromTicks(report.Echo);
        if (echoed > entry.EchoedAt && echoed <= now)
            entry.EchoedAt = echoed;
        return true;
    }

    /// <summary>A node that is no member has nothing left on any server.</summary>
    public void Forget(NodeId node) => _entries.Remove(node);

    /// <summary>Nodes that are no members, and were heard in this term.</summary>
    public IReadOnlyList<NodeId> Gone => [.. _entries.Keys.Where(node => !IsMember(node))];

    private sealed class Entry
    {
        public long Number { get; set; }

        public TimeSpan HeardAt { get; set; }

        // Long ago, and not so long that subtracting it overflows.
        public TimeSpan EchoedAt { get; set; } = TimeSpan.FromDays(-1000);
    }
}
