namespace HyperConn.Primitives;

/// <summary>A moment as two clocks have it.</summary>
/// <param name="At">On the <see cref="MonotonicClock"/> that the parts of one manager share: for every decision.</param>
/// <param name="WallClock">On the wall, as it was when the moment was noted: for people.</param>
internal readonly record struct Moment(TimeSpan At, DateTimeOffset WallClock)
{
    /// <summary>A moment that never comes.</summary>
    public static Moment Never => new(TimeSpan.MaxValue, DateTimeOffset.MaxValue);

    public static Moment Of(MonotonicClock clock, TimeSpan at) => new(at, clock.ToWallClock(at));
}
