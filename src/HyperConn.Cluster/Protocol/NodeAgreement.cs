using HyperConn.Servers;

namespace HyperConn.Cluster.Protocol;

/// <summary>
/// A node's side of the agreement: what it has been given, and until when. Not thread-safe, and without a clock or a network of its own.
/// </summary>
/// <param name="self">The node.</param>
/// <remarks>
/// Every time is taken from this node's clock at the moment a report was sent, so no two clocks are ever compared, and an answer that comes
/// late, twice or after a pause of the process makes nothing valid that should not be.
/// </remarks>
internal sealed class NodeAgreement(NodeId self)
{
    // More than fit into the longest validity, at the pace of the shortest pause: what is older is of no use.
    private const int MaxRemembered = 10_000;

    private readonly Queue<(long Number, TimeSpan At)> _sent = new();
    // Longer than a log-in that somebody let it begin can take.
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(5);

    private readonly Dictionary<ServerEndpoint, ShareGiven> _shares = [];
    private readonly HashSet<ServerEndpoint> _hostSessions = [];
    private readonly Dictionary<long, (TimeSpan HeardAt, IReadOnlyList<string>? Nodes)> _terms = [];
    private IReadOnlyList<string> _lost = [];
    private long _echo;
    private long _number;
    private string? _host;
    private long _hostTerm;

    /// <summary>The term of the coordinator it listens to; 0: it has heard of none.</summary>
    public long Term { get; private set; }

    /// <summary>When the coordinator was last heard; null: never.</summary>
    public TimeSpan? HeardAt { get; private set; }

    /// <summary>A report to send now.</summary>
    /// <param name="servers">What it is about.</param>
    /// <param name="isWhole">Whether by it all servers have been told of in this term.</param>
    /// <param name="now">This node's clock.</param>
    public ShareReport Report(IReadOnlyList<ServerReport> servers, bool isWhole, TimeSpan now)
    {
        _sent.Enqueue((++_number, now));
        if (_sent.Count > MaxRemembered)
            _sent.Dequeue();
        foreach (var (term, _) in _terms.Where(term => term.Key != Term && now - term.Value.HeardAt > Memory).ToList())
            _terms.Remove(term);

        // What the coordinator has said itself it need not hear.
        var isOfEarlierTerm = _hostTerm != Term;
        return new ShareReport(
            self,
            Term,
            _number,
            _echo,
            [.. _terms.Where(term => term.Key != Term).Select(term => new EarlierTerm(term.Key, now - term.Value.HeardAt, term.Value.Nodes))],
            isOfEarlierTerm ? _lost : [],
            isOfEarlierTerm ? _host : null,
            isWhole,
            servers);
    }

    /// <summary>Whether the coordinator's node had sessions on a server when it last spoke of that.</summary>
    public bool HadHostSessions(ServerEndpoint server) => _hostSessions.Contains(server);

    /// <summary>What was given of a server, for a report; none before the first answer, or when it has lapsed.</summary>
    public int ShareOf(ServerEndpoint server, TimeSpan now) =>
        _shares.TryGetValue(server, out var given) && now < given.ValidUntil ? given.Permits : 0;

    /// <summary>Number of the share that was given last of a server; 0: none was.</summary>
    public long EpochOf(ServerEndpoint server) => _shares.TryGetValue(server, out var given) ? given.Epoch : 0;

    /// <summary>Until when what was given of a server holds, be it nothing.</summary>
    public TimeSpan ValidUntil(ServerEndpoint server) => _shares.TryGetValue(server, out var given) ? given.ValidUntil : TimeSpan.MinValue;

    /// <summary>Takes an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="now">This node's clock.</param>
    /// <param name="isNewTerm">Whether another coordinator than before has spoken, which must be told everything.</param>
    /// <returns>The shares that have changed, or hold for longer.</returns>
    public IReadOnlyList<(ServerEndpoint Server, ShareGiven Given)> Receive(ShareAnswer answer, TimeSpan now, out bool isNewTerm)
    {
        isNewTerm = answer.Term > Term;
        if (answer.Term < Term)
            return [];
        if (isNewTerm)
            (Term, _echo) = (answer.Term, 0);
        HeardAt = now;

        // It counts as part of the coordinator's majority for as long as its echo of this stamp does.
        _terms[Term] = (now, _terms.GetValueOrDefault(Term).Nodes);
        _echo = Math.Max(_echo, answer.Stamp);
        HearOfHost(answer);
        var sentAt = SentAt(answer.Number);
        var changed = new List<(ServerEndpoint, ShareGiven)>(answer.Shares.Count);
        foreach (var share in answer.Shares)
        {
            var before = _shares.GetValueOrDefault(share.Server);
            if (before is not null && share.Epoch < before.Epoch)
                continue;
            var until = sentAt is { } at ? at + answer.ValidFor : TimeSpan.MinValue;
            var given = new ShareGiven(share.Epoch, share.Permits, before is not null && before.ValidUntil > until ? before.ValidUntil : until);
            if (given == before)
                continue;
            _shares[share.Server] = given;
            changed.Add((share.Server, given));
        }

        return changed;
    }

    /// <summary>A coordinator has ended: whoever takes its place need not wait until what it gave has lapsed.</summary>
    public void Receive(CoordinatorEnded ended, TimeSpan now)
    {
        if (_terms.TryGetValue(ended.Term, out var term) && term.Nodes is null)
            _terms[ended.Term] = (now, ended.Nodes);
    }

    /// <summary>What a coordinator says of itself and of lost nodes matters when it is lost. One that knows of no share yet says nothing better.</summary>
    private void HearOfHost(ShareAnswer answer)
    {
        if (answer.Shares.Count == 0)
            return;
        _lost = answer.Lost;
        if (_host != answer.Host)
            _hostSessions.Clear();
        (_host, _hostTerm) = (answer.Host, answer.Term);
        foreach (var share in answer.Shares)
        {
            if (share.HasHostSessions)
                _hostSessions.Add(share.Server);
            else
                _hostSessions.Remove(share.Server);
        }
    }

    /// <summary>When a report was sent; null: so long ago that it is forgotten.</summary>
    private TimeSpan? SentAt(long number)
    {
        // Answers to earlier reports are of no use any more.
        while (_sent.TryPeek(out var first) && first.Number < number)
            _sent.Dequeue();
        return _sent.TryPeek(out var found) && found.Number == number ? found.At : null;
    }
}
