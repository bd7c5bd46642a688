namespace HyperConn.Events.Sources;

/// <summary>
/// Pauses between tries of the same call: each longer than the one before, and drawn from the upper half of its length, so that hosts which
/// failed together don't come back together.
/// </summary>
internal sealed class GrowingPause(TimeSpan first, TimeSpan longest)
{
    /// <summary>Failures in a row.</summary>
    public int Failures { get; private set; }

    public TimeSpan Next()
    {
        var ticks = Math.Min(longest.Ticks, first.Ticks * (1L << Math.Min(Failures++, 20)));
        return TimeSpan.FromTicks(Random.Shared.NextInt64(ticks / 2, ticks + 1));
    }

    public void Reset() => Failures = 0;
}
