namespace HyperConn.Cluster.Protocol;

/// <summary>What the coordinator knows of one node on one server.</summary>
internal sealed class NodeAccount(NodeId node)
{
    // What was told and may be in force: the node goes by one of them, and it is not known which.
    private readonly List<(long Epoch, int Permits)> _told = [];
    private ServerReport? _report;

    public NodeId Node { get; } = node;

    /// <summary>What it last said.</summary>
    public ServerReport Report => _report!;

    /// <summary>Number of the share told last.</summary>
    public long Epoch { get; private set; }

    /// <summary>The share told last.</summary>
    public int Share { get; private set; }

    /// <summary>Most connections the node may have or open, by what it was told and by what it says it has.</summary>
    public int Committed => Math.Max(_report!.Held, _told.Count == 0 ? 0 : _told.Max(told => told.Permits));

    /// <summary>Whether it says that it has sessions, and not only log-ins under way.</summary>
    public bool HasSessions => _report!.InUse > _report.Opening;

    public ShareClaim Claim => new(_report!.Held, _report.InUse + _report.Waiting);

    /// <summary>Books a report of the node.</summary>
    public void Heard(ServerReport report)
    {
        var isFirst = _report is null;
        _report = report;
        if (isFirst)
        {
            // Given by an earlier coordinator: it may be in force, and is not given anew before it is known that it can be.
            _told.Add((Epoch = report.Epoch, report.Share));
            Tell(0);
            return;
        }

        _told.RemoveAll(told => told.Epoch < report.Epoch);
    }

    /// <summary>
    /// The node was not heard for so long that all it was told has lapsed, and others may have it by now: it begins with nothing. What it has opened
    /// meanwhile is not known before it confirms that.
    /// </summary>
    public void Lapse() => Tell(0);

    /// <summary>Books what the node is told from now on.</summary>
    public void Tell(int permits)
    {
        Share = permits;
        _told.Add((++Epoch, permits));
    }
}
