namespace HyperConn.Cluster.Protocol;

/// <summary>
/// The coordinator's side of the agreement: all servers' books, and when it may decide at all. It holds nothing that the nodes and the
/// servers could not tell its successor. Not thread-safe, and without a clock or a network of its own.
/// </summary>
/// <remarks>
/// Any node may believe that it is the place for it, two at a time. It decides only while it has lately heard a majority (<see cref="NodeRoll"/>), of
/// which one at least was in the majority of whoever decided before; that one says so, and does not speak under the earlier term again. Then it waits
/// until nothing holds any more that it does not know of (<see cref="Predecessors"/>).
/// </remarks>
internal sealed class ShareBook(TimeSpan validity, int name, string host)
{
    // The rest of a term is who it is of.
    private const int NameBits = 32;

    private readonly Dictionary<ServerEndpoint, ServerBook> _servers = [];
    private readonly Dictionary<NodeId, HashSet<ServerEndpoint>> _unanswered = [];
    private readonly Predecessors _predecessors = new(validity);
    private readonly LostNodes _lost = new();
    private NodeRoll _nodes = new(validity);
    private (NodeId[] All, NodeId[] Up) _members = ([], []);
    private bool _hasDecided;
    private long _questions;

    /// <summary>
    /// A count, higher than in the term of any coordinator before it that a node has heard of, and the coordinator's name: no two have the same.
    /// </summary>
    public long Term { get; private set; } = TermOf(1, name);

    public NodeRoll Nodes => _nodes;

    public IEnumerable<ServerBook> Servers => _servers.Values;

    /// <summary>Why it decides nothing now; null: it decides.</summary>
    public string? WhyNot(TimeSpan now) =>
        !_nodes.HasMajority(now) ? "fewer than half of the nodes answer"
        : _predecessors.HaveUnknown(_nodes.IsWhole, now) ? "shares that an earlier coordinator gave have not lapsed"
        : null;

    /// <summary>Who is in the cluster now.</summary>
    /// <param name="all">All members, also those that are only joining.</param>
    /// <param name="up">Those of them that are up, or were and are leaving.</param>
    public void SetMembers(IEnumerable<NodeId> all, IEnumerable<NodeId> up)
    {
        _members = ([.. all], [.. up]);
        _nodes.SetMembers(_members.All, _members.Up);
    }

    /// <summary>A node has left in good order: it had drained its pools before. Sessions of it that are left all the same count as anybody's.</summary>
    public void Left(NodeId node)
    {
        foreach (var book in _servers.Values)
            book.Left(node);
        _nodes.Forget(node);
        _lost.Found(node.Tag);
        _unanswered.Remove(node);
    }

    /// <summary>A node says what it has and needs.</summary>
    public void Receive(ShareReport report, TimeSpan now)
    {
        if (report.Term > Term)
            BeginTerm(TermOf((report.Term >> NameBits) + 1, name), now);
        if (!_nodes.IsMember(report.Node))
            return;

        // Answered in any case: that tells the term, and gives a stamp to bring back.
        _nodes.Spoke(report.Node, now);
        var unanswered = Unanswered(report.Node);
        var wasLapsed = now >= _nodes.LapsesAt(report.Node);
        if (report.Term < Term || !_nodes.Heard(report, now))
            return;
        if (wasLapsed)
        {
            foreach (var book in _servers.Values)
                book.Returned(report.Node);
        }

        foreach (var term in report.EarlierTerms)
            _predecessors.Heard(term, now);
        _lost.Add(report.Lost.Where(tag => !_nodes.IsWhole(tag)), now);
        if (_nodes.IsWhole(report.Node.Tag))
            _lost.Found(report.Node.Tag);
        foreach (var server in report.Servers)
        {
            BookOf(server.Server).Heard(report, server);
            unanswered.Add(server.Server);
        }
    }

    /// <summary>A node has counted sessions.</summary>
    public void Receive(SessionsCounted counted, TimeSpan now)
    {
        if (_servers.TryGetValue(counted.Server, out var book))
            book.Count.Answered(counted, now);
    }

    /// <summary>A node could not count.</summary>
    public void Receive(SessionsNotCounted notCounted, TimeSpan now)
    {
        if (_servers.TryGetValue(notCounted.Server, out var book))
            book.Count.NotAnswered(notCounted.Question, now);
    }

    /// <summary>Decides upon what was received and upon the time passed.</summary>
    /// <returns>What to send.</returns>
    public IReadOnlyList<(NodeId To, IShareMessage Message)> Decide(TimeSpan now)
    {
        var (messages, questions) = (new List<(NodeId, IShareMessage)>(), new List<(NodeId, IShareMessage)>());

        // Nobody is made to change to a term in which nothing can be decided.
        if (!_nodes.IsChosen(now))
            return [];
        var decides = WhyNot(now) is null;
        if (decides)
        {
            if (!_hasDecided && _predecessors.Any)
                _lost.Add(_nodes.Unheard.Select(node => node.Tag), now);
            _hasDecided = true;
            _lost.Forget(now);
            foreach (var book in _servers.Values)
            {
                foreach (var account in book.Decide(_nodes, _lost.Tags, now))
                    Unanswered(account.Node).Add(book.Server);
                if (book.WhoCounts(_nodes, now) is { } counter)
                {
                    book.Count.Asked(counter.Node, ++_questions, now);
                    questions.Add((counter.Node, new CountSessions(book.Server, _questions)));
                }
            }

            foreach (var node in _nodes.Gone.Where(node => _servers.Values.All(book => book.Find(node) is null)))
                _nodes.Forget(node);
        }

        foreach (var (node, servers) in _unanswered.Where(node => _nodes.IsMember(node.Key)))
            messages.Add((node, Answer(node, decides ? servers : [], now)));
        _unanswered.Clear();

        // After the answers: who counts needs a share that holds, be it of nothing.
        return [.. messages, .. questions];
    }

    /// <summary>Decides nothing any more, and says so to all that it knows. Another takes its place.</summary>
    public IReadOnlyList<(NodeId To, IShareMessage Message)> End()
    {
        var ended = new CoordinatorEnded(Term, _hasDecided ? [.. _nodes.Known.Select(node => node.Tag)] : []);
        return [.. _nodes.Known.Select(node => (node, (IShareMessage)ended))];
    }

    private ShareAnswer Answer(NodeId node, HashSet<ServerEndpoint> servers, TimeSpan now) => new(
        Term,
        now.Ticks,
        servers.Count == 0 ? 0 : _nodes.NumberOf(node),
        validity,
        host,
        [.. _lost.Tags, .. _nodes.Known.Where(known => MayBeLoggingIn(known, now)).Select(known => known.Tag)],
        [.. servers.Select(server => (server, book: _servers[server], account: _servers[server].Find(node)))
            .Where(found => found.account is not null)
            .Select(found => new ServerShareGiven(found.server, found.account!.Epoch, found.account.Share, found.book.HasSessions(host)))]);

    /// <summary>Whether a node may be stopped in the middle of log-ins that this coordinator let it begin.</summary>
    private bool MayBeLoggingIn(NodeId node, TimeSpan now) =>
        !_nodes.IsLiving(node, now) && now < _nodes.LapsesAt(node) + LostNodes.LogInEnds && !_servers.Values.Any(book => book.IsGone(node, _nodes));

    private static long TermOf(long count, int name) => (count << NameBits) | (uint)name;

    private HashSet<ServerEndpoint> Unanswered(NodeId node)
    {
        if (!_unanswered.TryGetValue(node, out var servers))
            _unanswered.Add(node, servers = []);
        return servers;
    }

    private ServerBook BookOf(ServerEndpoint server)
    {
        if (!_servers.TryGetValue(server, out var book))
            _servers.Add(server, book = new ServerBook(server));
        return book;
    }

    /// <summary>Another coordinator was there since: begins anew, above it.</summary>
    private void BeginTerm(long term, TimeSpan now)
    {
        if (_hasDecided)
            _predecessors.Ended(Term, [.. _nodes.Known.Select(node => node.Tag)], now);
        Term = term;
        _servers.Clear();
        _unanswered.Clear();
        _nodes = _nodes.Anew();
        _hasDecided = false;
        _lost.BeginTerm();
    }
}
