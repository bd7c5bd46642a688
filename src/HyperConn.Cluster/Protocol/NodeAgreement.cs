using HyperConn.Servers;

namespace HyperConn.Cluster.Protocol;

/// <summary>
/// A node's side of the agreement: what it has been given, and until when. Not thread-safe, and without a clock or a network of its own.
/// </summary>
/// <param name="self">The node.</param>
/// <param name="lastNumber">A number that reports of an earlier agent of this node can't have passed.</param>
/// <remarks>
/// Every time is taken from this node's clock at the moment a report was sent, so no two clocks are ever compared, and an answer that comes
/// late, twice or after a pause of the process makes nothing valid that should not be.
/// </remarks>
internal sealed class NodeAgreement(NodeId self, long lastNumber = 0)
{
    // More than fit into the longest validity, at the pace of the shortest pause: what is older is of no use.
    private const int MaxRemembered = 10_000;

    private readonly Queue<(long Number, TimeSpan At)> _sent = new();
    private readonly Dictionary<ServerEndpoint, ShareGiven> _shares = [];
    private long _echo;
    private long _number = lastNumber;
    private TimeSpan? _lastSent;
    private TimeSpan? _lastSentEarlier;

    /// <summary>The term of the coordinator it listens to; 0: it has heard of none.</summary>
    public long Term { get; private set; }

    /// <summary>When the coordinator was last heard; null: never.</summary>
    public TimeSpan? HeardAt { get; private set; }

    /// <summary>A report to send now.</summary>
    /// <param name="servers">What it is about.</param>
    /// <param name="now">This node's clock.</param>
    public ShareReport Report(IReadOnlyList<ServerReport> servers, TimeSpan now)
    {
        _sent.Enqueue((++_number, now));
        _lastSent = now;
        if (_sent.Count > MaxRemembered)
            _sent.Dequeue();
        return new ShareReport(self, Term, _number, _echo, now - _lastSentEarlier, servers);
    }

    /// <summary>What was given of a server, for a report; none before the first answer, or when it has lapsed.</summary>
    public int ShareOf(ServerEndpoint server, TimeSpan now) =>
        _shares.TryGetValue(server, out var given) && now < given.ValidUntil ? given.Permits : 0;

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
        {
            // Without a term before, none of its reports can have been part of anybody's majority: those need a stamp to give back.
            if (Term > 0)
                _lastSentEarlier = _lastSent;
            (Term, _echo) = (answer.Term, 0);
        }

        HeardAt = now;
        _echo = Math.Max(_echo, answer.Stamp);
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

    /// <summary>When a report was sent; null: so long ago that it is forgotten.</summary>
    private TimeSpan? SentAt(long number)
    {
        // Answers to earlier reports are of no use any more.
        while (_sent.TryPeek(out var first) && first.Number < number)
            _sent.Dequeue();
        return _sent.TryPeek(out var found) && found.Number == number ? found.At : null;
    }
}
