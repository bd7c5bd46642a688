namespace HyperConn.Events;

/// <summary>What a worker has done and is about. Counts are since its start.</summary>
public sealed record TenantEventStatistics
{
    /// <summary>Name of the source.</summary>
    public required string Source { get; init; }

    /// <summary>Deliveries taken from the source.</summary>
    public required long Read { get; init; }

    /// <summary>Events whose effect was committed.</summary>
    public required long Handled { get; init; }

    /// <summary>Events whose effect had been committed before.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Events, and what should have been some, that failed for good.</summary>
    public required long Rejected { get; init; }

    /// <summary>Attempts that failed and were made again.</summary>
    public required long Retries { get; init; }

    /// <summary>Events given back to the source at a stop.</summary>
    public required long HandedBack { get; init; }

    /// <summary>Events read that are neither done nor in a source that hands them out again. Other than 0 is an error.</summary>
    public required long Lost { get; init; }

    /// <summary>Events under way.</summary>
    public required int InFlight { get; init; }

    /// <summary>Events read that wait for their turn or a retry.</summary>
    public required int Waiting { get; init; }

    /// <summary>Age of the event that was begun last, from when it was made, as far as sources know; null: unknown.</summary>
    public TimeSpan? OldestAge { get; init; }

    /// <summary>What the source knows about what it has not handed out yet.</summary>
    public required EventSourceStatistics AtSource { get; init; }

    /// <summary>What went wrong, what rejected most first, with one message of each.</summary>
    public required IReadOnlyList<EventCause> Causes { get; init; }

    /// <summary>Events that ended here: handled, duplicates and rejected.</summary>
    public long Ended => Handled + Duplicates + Rejected;
}

/// <summary>One way for events to go wrong.</summary>
/// <param name="Code">Its short, stable name.</param>
/// <param name="Failures">Attempts that failed so.</param>
/// <param name="Rejected">Events rejected for it.</param>
/// <param name="Example">One message, for people.</param>
public sealed record EventCause(string Code, long Failures, long Rejected, string Example);
