namespace HyperConn.Primitives;

/// <summary>Time that only moves forward, whatever happens to the clock on the wall: for every decision. People get <see cref="ToWallClock"/>.</summary>
internal sealed class MonotonicClock(TimeProvider time)
{
    private readonly long _origin = time.GetTimestamp();

    /// <summary>Time since the clock was made.</summary>
    public TimeSpan Now => time.GetElapsedTime(_origin);

    /// <summary>What the clock on the wall shows, or will show, at a moment of <see cref="Now"/>.</summary>
    public DateTimeOffset ToWallClock(TimeSpan moment) => time.GetUtcNow() + (moment - Now);
}
