namespace HyperConn.Events;

/// <summary>What a source knows about what it has not handed out yet. What it doesn't know is null.</summary>
public sealed record EventSourceStatistics
{
    /// <summary>Events that wait at the source.</summary>
    public long? Waiting { get; init; }

    /// <summary>When the oldest of them was made.</summary>
    public DateTimeOffset? OldestAt { get; init; }

    /// <summary>Calls to the source's service that failed and were made again.</summary>
    public long Faults { get; init; }
}
