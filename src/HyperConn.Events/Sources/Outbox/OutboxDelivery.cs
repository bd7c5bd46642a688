namespace HyperConn.Events.Sources;

/// <summary>A row that was claimed, and is kept from other hosts until its lease is over.</summary>
internal sealed class OutboxDelivery : TenantDelivery
{
    private long _leasedUntil;
    private int _ended;

    public required long RowId { get; init; }

    /// <summary>The rows whose order is kept; null: it isn't.</summary>
    public object? Group { get; init; }

    /// <summary>How often it was claimed, this time included.</summary>
    public int Claims => EarlierAttempts + 1;

    /// <summary>Until when it is kept from others, as a timestamp of the source's clock.</summary>
    public long LeasedUntil
    {
        get => Volatile.Read(ref _leasedUntil);
        set => Volatile.Write(ref _leasedUntil, value);
    }

    /// <summary>Whether it was completed or handed back: its lease must not be extended any more.</summary>
    public bool IsEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>Ends it; false: it had ended before.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;
}
