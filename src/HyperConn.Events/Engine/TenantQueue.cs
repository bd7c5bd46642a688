namespace HyperConn.Events;

/// <summary>What the worker holds of one tenant. Not thread-safe: <see cref="TenantTurns"/> has the lock.</summary>
internal sealed class TenantQueue
{
    public TenantQueue(TenantKey key)
    {
        Key = key;
        Node = new LinkedListNode<TenantQueue>(this);
    }

    public TenantKey Key { get; }

    public LinkedListNode<TenantQueue> Node { get; }

    /// <summary>The line it stands in; null: none.</summary>
    public LinkedList<TenantQueue>? Line { get; set; }

    /// <summary>Whether it has just had a turn.</summary>
    public bool HadTurn { get; set; }

    public LinkedList<EventWork> Waiting { get; } = [];

    /// <summary>Events to be tried again, each in its own time; only where no order is kept.</summary>
    public PriorityQueue<EventWork, long> Later { get; } = new();

    public int UnderWay { get; set; }

    /// <summary>Timestamp before which nothing of it begins.</summary>
    public long NotBefore { get; set; }

    /// <summary>Timestamp it is kept among the paused until; 0: it is not.</summary>
    public long PausedUntil { get; set; }

    /// <summary>Timestamp since which it can't be reached; null: it can.</summary>
    public long? AwaySince { get; private set; }

    public bool IsUnwell => AwaySince is not null;

    public bool IsEmpty => Waiting.Count == 0 && Later.Count == 0;

    private int Failures { get; set; }

    /// <summary>When its next event may begin; null: it has none.</summary>
    public long? DueAt(long now)
    {
        if (IsEmpty)
            return null;
        var due = Waiting.Count > 0 ? now : long.MaxValue;
        if (Later.TryPeek(out _, out var later))
            due = Math.Min(due, Math.Max(later, now));
        return Math.Max(due, NotBefore);
    }

    public EventWork Take(long now)
    {
        HadTurn = true;
        if (Later.TryPeek(out var again, out var due) && due <= now)
        {
            Later.Dequeue();
            return again;
        }

        var first = Waiting.First!.Value;
        Waiting.RemoveFirst();
        return first;
    }

    public IEnumerable<EventWork> TakeAll()
    {
        List<EventWork> all = [.. Later.UnorderedItems.Select(item => item.Element), .. Waiting];
        Later.Clear();
        Waiting.Clear();
        return all;
    }

    /// <summary>Notes how an attempt found the tenant.</summary>
    public void Note(bool isAway, long now)
    {
        if (isAway)
        {
            AwaySince ??= now;
            return;
        }

        AwaySince = null;
        (Failures, NotBefore) = (0, 0);
    }

    /// <summary>Failures in a row: those of events that ran side by side count once.</summary>
    public int NextFailure(long now) => NotBefore > now ? Math.Max(Failures, 1) : ++Failures;
}
