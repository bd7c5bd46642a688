namespace HyperConn.Events.Sources;

/// <summary>A delivery that its source keeps from others for a time, which is extended until the delivery ends.</summary>
internal abstract class KeptDelivery : TenantDelivery
{
    private long _keptUntil;
    private int _ended;

    /// <summary>How often it was taken from where it comes from, this time included.</summary>
    public int Takes => EarlierAttempts + 1;

    /// <summary>Until when it is kept from others, as a timestamp of the source's clock.</summary>
    public long KeptUntil
    {
        get => Volatile.Read(ref _keptUntil);
        set => Volatile.Write(ref _keptUntil, value);
    }

    /// <summary>Whether it was completed or handed back: it must not be kept for longer any more.</summary>
    public bool IsEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>Ends it; false: it had ended before.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;
}
