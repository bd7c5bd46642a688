namespace HyperConn.Primitives;

/// <summary>Time that only moves forward, whatever happens to the clock on the wall: for every decision. People get <see cref="ToWallClock"/>.</summary>
/// <remarks>All clocks of one <see cref="TimeProvider"/> agree, so that moments can be handed on.</remarks>
internal sealed class MonotonicClock(TimeProvider time)
{
    /// <summary>Now, as the time since some moment that is the same for the whole process.</summary>
    public TimeSpan Now => NowOf(time);

    /// <summary>What the clock on the wall shows, or will show, at a moment of <see cref="Now"/>.</summary>
    public DateTimeOffset ToWallClock(TimeSpan moment) => time.GetUtcNow() + (moment - Now);

    /// <summary><see cref="Now"/> without a clock.</summary>
    public static TimeSpan NowOf(TimeProvider time)
    {
        // In whole numbers: a floating-point quotient of a long uptime would be coarse.
        var (seconds, rest) = Math.DivRem(time.GetTimestamp(), time.TimestampFrequency);
        return TimeSpan.FromTicks((seconds * TimeSpan.TicksPerSecond) + (rest * TimeSpan.TicksPerSecond / time.TimestampFrequency));
    }
}
