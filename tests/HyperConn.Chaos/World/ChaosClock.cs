namespace HyperConn.Chaos.World;

/// <summary>The system's clock, whose time on the wall can be moved as by an administrator or NTP; timestamps and timers go on undisturbed.</summary>
internal sealed class ChaosClock : TimeProvider
{
    private long _offset;

    /// <summary>How far the time on the wall is off.</summary>
    public TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _offset));
        set => Volatile.Write(ref _offset, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
}
