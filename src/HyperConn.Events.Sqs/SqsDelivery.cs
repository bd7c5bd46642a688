namespace HyperConn.Events.Sqs;

/// <summary>A message that was received and is hidden from others until it is deleted, handed back, or its time is over.</summary>
internal sealed class SqsDelivery : TenantDelivery
{
    private long _hiddenUntil;
    private int _ended;

    /// <summary>The message's id.</summary>
    public required string MessageId { get; init; }

    /// <summary>What the queue knows this receive by. A later receive of the same message replaces it.</summary>
    public required string ReceiptHandle { get; set; }

    /// <summary>Message group of a FIFO queue, whose order is kept; else null.</summary>
    public string? Group { get; init; }

    /// <summary>When the queue got the message.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>How often it was received, this time included.</summary>
    public int Receives => EarlierAttempts + 1;

    /// <summary>Until when it is hidden from others, as a timestamp of the source's clock.</summary>
    public long HiddenUntil
    {
        get => Volatile.Read(ref _hiddenUntil);
        set => Volatile.Write(ref _hiddenUntil, value);
    }

    /// <summary>Whether it was completed or handed back: it must not be hidden for longer any more.</summary>
    public bool IsEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>Ends it; false: it had ended before.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;
}
