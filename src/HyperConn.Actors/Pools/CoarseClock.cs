namespace HyperConn;

/// <summary>
/// Milliseconds for "last used". The system's tick costs a quarter of a high-resolution timestamp, which the hot path would notice; its
/// resolution (1–16 ms) is far below any idle time that matters.
/// </summary>
internal sealed class CoarseClock(TimeProvider time)
{
    private readonly TimeProvider? _virtual = ReferenceEquals(time, TimeProvider.System) ? null : time;

    public long Milliseconds => _virtual is null ? Environment.TickCount64 : _virtual.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Wall-clock time of a value of <see cref="Milliseconds"/>, for people.</summary>
    public DateTimeOffset ToWallClock(long milliseconds) => time.GetUtcNow().AddMilliseconds(milliseconds - Milliseconds);
}
