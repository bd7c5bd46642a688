namespace HyperConn.Cluster.Protocol;

/// <summary>
/// The coordinator's book of one server: who has which share of its connections. The sum of what nodes may have, and of what the server says
/// there still is of nodes that can't be asked, stays within the limit. Not thread-safe.
/// </summary>
internal sealed class ServerBook(ServerEndpoint server)
{
    // The most that max_connections takes. An unlimited budget is divided as this, so that sums of shares stay numbers.
    private const int MostConnections = 262_143;

    private readonly SortedDictionary<NodeId, NodeAccount> _accounts = [];

    // Tags of nodes that had sessions here, by what an earlier coordinator said.
    private readonly HashSet<string> _hadSessions = new(StringComparer.Ordinal);

    public ServerEndpoint Server { get; } = server;

    public SessionCount Count { get; } = new();

    public IEnumerable<NodeAccount> Accounts => _accounts.Values;

    /// <summary>Connections the server takes, by what nodes know of it; the least where they differ.</summary>
    public int Limit
    {
        get
        {
            var known = _accounts.Values.Where(account => account.Report.IsLimitKnown).Select(account => account.Report.Limit).DefaultIfEmpty(0).Min();
            var limit = known > 0 ? known : _accounts.Values.Select(account => account.Report.Limit).DefaultIfEmpty(0).Min();
            return Math.Min(limit, MostConnections);
        }
    }

    /// <summary>Sessions at the server of nodes that can't be asked, and what those nodes may still open.</summary>
    public int Elsewhere { get; private set; }

    public NodeAccount? Find(NodeId node) => _accounts.GetValueOrDefault(node);

    /// <summary>The node has closed all it had.</summary>
    public void Left(NodeId node)
    {
        if (Find(node) is { Report.Held: 0 })
            _accounts.Remove(node);
    }

    /// <summary>The node is heard again, after its share had lapsed.</summary>
    public void Returned(NodeId node) => Find(node)?.Lapse();

    public void Heard(ShareReport report, ServerReport server)
    {
        if (!_accounts.TryGetValue(report.Node, out var account))
            _accounts.Add(report.Node, account = new NodeAccount(report.Node));
        account.Heard(server);
        if (server.HadHostSessions && report.Host is { } host)
            _hadSessions.Add(host);
    }

    /// <summary>Whether a node says that it has sessions here, and not only log-ins under way.</summary>
    public bool HasSessions(string tag) => _accounts.Values.Any(account => account.Node.Tag == tag && account.HasSessions);

    /// <summary>Whether a node that is not heard has ended: it had sessions here, and has none any more.</summary>
    public bool IsGone(NodeId node, NodeRoll nodes) =>
        Find(node) is { HasSessions: true } && Count.CountedAt >= nodes.LapsesAt(node) && Count.Of(node.Tag) == 0;

    /// <summary>Decides who may have how many.</summary>
    /// <param name="nodes">What is known of the nodes.</param>
    /// <param name="lost">Tags of nodes that may be in the middle of log-ins, and have no account.</param>
    /// <param name="now">The coordinator's clock.</param>
    /// <returns>Accounts whose share has changed.</returns>
    public IReadOnlyList<NodeAccount> Decide(NodeRoll nodes, IReadOnlyCollection<string> lost, TimeSpan now)
    {
        Elsewhere = CostOfOthers(nodes, lost, now);
        var living = _accounts.Values.Where(account => nodes.IsLiving(account.Node, now)).ToList();
        if (living.Count == 0)
            return [];
        var isAlone = nodes.Members == 1 && Elsewhere == 0;

        // One is kept for whoever counts, so that there is always room to find out about the others.
        var limit = Limit;
        var isCountable = !Count.IsImpossible && living.Exists(account => account.Report.IsCountable);
        var capacity = limit - Elsewhere - (limit > 1 && isCountable ? 1 + Count.Unanswered(now) : 0);

        // What else there is on the server is not known before somebody has counted; where nobody can, before all members have spoken.
        if (limit > 1 && (isCountable ? Count.CountedAt is null && (Count.IsWaitedFor || lost.Count > 0) : lost.Count > 0 && nodes.Unheard.Any()))
            capacity = Math.Min(capacity, living.Sum(account => account.Committed));
        var targets = ShareDivision.Divide(capacity, [.. living.Select(account => account.Claim)], isAlone);
        var changed = new HashSet<NodeAccount>();
        Grow(living, targets, capacity, changed);
        Shrink(living, targets, capacity, changed);
        return [.. changed];
    }

    /// <summary>Whom to ask to count now; null: nobody needs to, or nobody can.</summary>
    public NodeAccount? WhoCounts(NodeRoll nodes, TimeSpan now)
    {
        if (!Count.IsDue(now) || (Count.CountedAt is not null && Elsewhere == 0 && !_accounts.Keys.Any(node => !nodes.IsLiving(node, now))))
            return null;

        // Not while more is out than there should be: a session more must fit.
        if (Elsewhere + Count.Unanswered(now) + _accounts.Values.Where(account => nodes.IsLiving(account.Node, now)).Sum(account => account.Committed) >= Limit)
            return null;
        return _accounts.Values
            .Where(account => account.Report.IsCountable && account.Claim is not (0, 0) && nodes.IsLiving(account.Node, now))
            .OrderBy(account => account.Node == Count.LastAsked)
            .FirstOrDefault();
    }

    private static void Grow(List<NodeAccount> living, int[] targets, int capacity, HashSet<NodeAccount> changed)
    {
        var free = capacity - living.Sum(account => account.Committed);
        foreach (var (account, target) in living.Zip(targets).OrderBy(pair => pair.First.Share))
        {
            // Below zero, more permits are out than there are: some have nothing behind them, and none of these may get it now.
            var permits = Math.Min(target, account.Committed + free);
            if (permits <= account.Share)
                continue;
            free -= Math.Max(0, permits - account.Committed);
            account.Tell(permits);
            changed.Add(account);
        }
    }

    /// <summary>Asks for shares back where others need them now. They count as free only when the node says that it has no more.</summary>
    private static void Shrink(List<NodeAccount> living, int[] targets, int capacity, HashSet<NodeAccount> changed)
    {
        var pairs = living.Zip(targets).ToList();
        var missing = pairs.Sum(pair => Math.Max(0, Math.Min(pair.Second, Math.Max(1, pair.First.Claim.Need)) - pair.First.Share));
        var onTheWay = living.Sum(account => Math.Max(0, account.Committed - account.Share));
        var free = Math.Max(0, capacity - living.Sum(account => account.Committed));
        var tooMuch = living.Sum(account => account.Share) - capacity;
        var wanted = Math.Max(missing - onTheWay - free, tooMuch);
        foreach (var (account, target) in pairs.OrderByDescending(pair => pair.First.Share - pair.Second))
        {
            var take = Math.Min(account.Share - target, wanted);
            if (take <= 0)
                break;
            account.Tell(account.Share - take);
            changed.Add(account);
            wanted -= take;
        }
    }

    private int CostOfOthers(NodeRoll nodes, IReadOnlyCollection<string> lost, TimeSpan now)
    {
        var cost = 0;
        foreach (var account in _accounts.Values.Where(account => !nodes.IsLiving(account.Node, now)).ToList())
        {
            var its = CostOf(account, nodes, now);
            cost += its;
            if (its == 0 && !nodes.IsMember(account.Node))
                _accounts.Remove(account.Node);
        }

        cost += Count.Sessions.Where(sessions => !_accounts.Keys.Any(node => node.Tag == sessions.Key)).Sum(sessions => sessions.Value);
        if (lost.Count > 0 && _accounts.Count > 0)
            cost += lost.Count(tag => !IsGone(tag)) * _accounts.Values.Max(account => account.Report.MaxOpening);

        // Somebody must be able to count.
        return Math.Min(cost, Math.Max(0, Limit - 1));
    }

    /// <summary>Whether a process has no session any more, and had some.</summary>
    private bool IsGone(string tag) => _hadSessions.Contains(tag) && Count.CountedAt is not null && Count.Of(tag) == 0;

    /// <summary>What a node that is not heard may have: all that it was given until its share has lapsed, then what the server says.</summary>
    private int CostOf(NodeAccount account, NodeRoll nodes, TimeSpan now)
    {
        var lapsedAt = nodes.LapsesAt(account.Node);
        if (now < lapsedAt)
            return account.Committed;
        if (Count.IsImpossible || !account.Report.IsCountable)
            return nodes.IsMember(account.Node) ? account.Committed : 0;
        if (Count.CountedAt is not { } countedAt || countedAt < lapsedAt)
            return account.Committed;
        var sessions = Count.Of(account.Node.Tag);

        // It may be stopped in the middle of some log-ins.
        var opening = IsGone(account.Node, nodes) || now > lapsedAt + LostNodes.LogInEnds ? 0 : Math.Min(account.Report.MaxOpening, account.Committed - sessions);
        return sessions + Math.Max(0, opening);
    }
}
