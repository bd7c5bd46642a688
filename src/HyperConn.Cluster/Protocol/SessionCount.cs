namespace HyperConn.Cluster.Protocol;

/// <summary>
/// What one server itself says of the sessions on it: the only word on those of nodes that can't be asked. Not thread-safe.
/// </summary>
internal sealed class SessionCount
{
    /// <summary>Pause from one question to the next while there is something to wait for.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // A server on which nobody gets to count must not stand still for that.
    private static readonly TimeSpan GivesUpAfter = TimeSpan.FromSeconds(10);

    // Who does not answer may be stopped in the middle of it, with a session at the server.
    private readonly Dictionary<long, TimeSpan> _open = [];
    private IReadOnlyDictionary<string, int> _sessions = new Dictionary<string, int>();
    private (long Question, TimeSpan At)? _asked;
    private TimeSpan _nextAt = TimeSpan.MinValue;
    private TimeSpan? _firstAskedAt;

    /// <summary>When the question was asked that the newest answer is to; null: nothing was counted yet.</summary>
    public TimeSpan? CountedAt { get; private set; }

    /// <summary>Whether sessions can't be counted on this server.</summary>
    public bool IsImpossible { get; private set; }

    /// <summary>Whether shares stay as they are until the first answer comes.</summary>
    public bool IsWaitedFor { get; private set; } = true;

    /// <summary>Sessions by <see cref="NodeId.Tag"/>.</summary>
    public IReadOnlyDictionary<string, int> Sessions => _sessions;

    public int Of(string tag) => _sessions.GetValueOrDefault(tag);

    /// <summary>Whether it is time to ask.</summary>
    public bool IsDue(TimeSpan now) => now >= _nextAt && (_asked is not { } asked || now - asked.At > Patience);

    /// <summary>Whom the last question went to.</summary>
    public NodeId LastAsked { get; private set; }

    /// <summary>Questions that may still have a session at the server, though their answer is late.</summary>
    public int Unanswered(TimeSpan now) => _open.Count(question => now - question.Value > Patience && now - question.Value < LostNodes.LogInEnds);

    public void Asked(NodeId node, long question, TimeSpan now)
    {
        _open[question] = now;
        foreach (var (old, _) in _open.Where(open => now - open.Value >= LostNodes.LogInEnds).ToList())
            _open.Remove(old);
        (LastAsked, _asked) = (node, (question, now));
        _firstAskedAt ??= now;
        IsWaitedFor = now - _firstAskedAt <= GivesUpAfter;
    }

    /// <summary>A node could not count: another time.</summary>
    public void NotAnswered(long question, TimeSpan now)
    {
        _open.Remove(question);
        if (_asked is not { } asked || asked.Question != question)
            return;
        _asked = null;
        _nextAt = now + Pause;
    }

    /// <summary>Takes an answer, unless it is to an older question.</summary>
    public void Answered(SessionsCounted counted, TimeSpan now)
    {
        _open.Remove(counted.Question);
        if (_asked is not { } asked || asked.Question != counted.Question)
            return;
        _asked = null;
        _nextAt = now + Pause;
        if (counted.Sessions is not { } sessions)
        {
            // Tried again all the same: another tenant's session may be allowed to.
            IsImpossible = CountedAt is null;
            return;
        }

        (IsImpossible, CountedAt, _sessions) = (false, asked.At, sessions);
    }
}
