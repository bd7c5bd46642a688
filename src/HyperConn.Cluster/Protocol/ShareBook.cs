namespace HyperConn.Cluster.Protocol;

/// <summary>
/// The coordinator's side of the agreement: all servers' books, and when it may decide at all. It holds nothing that the nodes and the
/// servers could not tell its successor. Not thread-safe, and without a clock or a network of its own.
/// </summary>
/// <remarks>
/// It decides only while it has heard, lately, more than half of the members; and after it took over, not before every share that its
/// predecessor can have given since has lapsed: a predecessor needs a majority, too, one of which now speaks to this one and says how long ago it last
/// spoke to another. So every member must have spoken to this one before it decides for the first time; who never does is waited for until it is a
/// member no more. Who joins later was never part of a predecessor's majority.
/// </remarks>
internal sealed class ShareBook(TimeSpan validity, int name)
{
    // The rest of a term is who it is of.
    private const int NameBits = 32;

    private readonly Dictionary<ServerEndpoint, ServerBook> _servers = [];
    private readonly Dictionary<NodeId, HashSet<ServerEndpoint>> _unanswered = [];
    private NodeRoll _nodes = new(validity);
    private NodeId[] _members = [];
    private bool _hasDecided;
    private TimeSpan _readyAt = TimeSpan.MinValue;
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
        : now < _readyAt ? "shares that an earlier coordinator gave have not lapsed"
        : !_hasDecided && !_nodes.HasHeardAll ? "not every node has said yet what it has"
        : null;

    /// <summary>Who is in the cluster now.</summary>
    public void SetMembers(IEnumerable<NodeId> members)
    {
        _members = [.. members];
        _nodes.SetMembers(_members);
    }

    /// <summary>A node has left in good order: it had drained its pools before. Sessions of it that are left all the same count as anybody's.</summary>
    public void Left(NodeId node)
    {
        foreach (var book in _servers.Values)
            book.Left(node);
        _nodes.Forget(node);
        _unanswered.Remove(node);
    }

    /// <summary>A node says what it has and needs.</summary>
    public void Receive(ShareReport report, TimeSpan now)
    {
        if (report.Term > Term)
            BeginTerm(TermOf((report.Term >> NameBits) + 1, name));
        if (!_nodes.IsMember(report.Node))
            return;

        // Answered in any case: that tells the term, and gives a stamp to bring back.
        var unanswered = Unanswered(report.Node);
        var wasLapsed = now >= _nodes.LapsesAt(report.Node);
        if (report.Term < Term || !_nodes.Heard(report, now))
            return;
        if (wasLapsed)
        {
            foreach (var book in _servers.Values)
                book.Returned(report.Node);
        }

        if (report.SinceEarlierTerm is { } since && now + (2 * validity) - since is var ready && ready > _readyAt && since < 2 * validity)
            _readyAt = ready;
        foreach (var server in report.Servers)
        {
            BookOf(server.Server).Heard(report.Node, server);
            unanswered.Add(server.Server);
        }
    }

    /// <summary>A node has counted sessions.</summary>
    public void Receive(SessionsCounted counted, TimeSpan now)
    {
        if (_servers.TryGetValue(counted.Server, out var book))
            book.Count.Answered(counted, now);
    }

    /// <summary>Decides upon what was received and upon the time passed.</summary>
    /// <returns>What to send.</returns>
    public IReadOnlyList<(NodeId To, IShareMessage Message)> Decide(TimeSpan now)
    {
        var (messages, questions) = (new List<(NodeId, IShareMessage)>(), new List<(NodeId, IShareMessage)>());
        var decides = WhyNot(now) is null;
        if (decides)
        {
            _hasDecided = true;
            foreach (var book in _servers.Values)
            {
                foreach (var account in book.Decide(_nodes, now))
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

    private ShareAnswer Answer(NodeId node, HashSet<ServerEndpoint> servers, TimeSpan now) => new(
        Term,
        now.Ticks,
        servers.Count == 0 ? 0 : _nodes.NumberOf(node),
        validity,
        [.. servers.Select(server => (server, account: _servers[server].Find(node)))
            .Where(found => found.account is not null)
            .Select(found => new ServerShareGiven(found.server, found.account!.Epoch, found.account.Share))]);

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
    private void BeginTerm(long term)
    {
        Term = term;
        _servers.Clear();
        _unanswered.Clear();
        _nodes = new NodeRoll(validity);
        _nodes.SetMembers(_members);
        (_hasDecided, _readyAt) = (false, TimeSpan.MinValue);
    }
}
