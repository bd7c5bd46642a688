namespace HyperConn.Cluster.Operating;

/// <summary>Makes a rate of a total that is read now and then. Not thread-safe.</summary>
internal sealed class PerSecond
{
    // Over a longer time it would say nothing of now.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private (DateTimeOffset At, long Total)? _last;
    private double? _rate;

    /// <summary>The rate since the reading before; null: there was none lately.</summary>
    /// <param name="at">When the total was read; the same moment again gives the same rate.</param>
    /// <param name="total">The total.</param>
    public double? Read(DateTimeOffset at, long total)
    {
        if (_last is { } last)
        {
            var passed = at - last.At;
            if (passed <= TimeSpan.Zero)
                return _rate;
            _rate = passed > Longest ? null : Math.Round(Math.Max(0, total - last.Total) / passed.TotalSeconds, 2);
        }

        _last = (at, total);
        return _rate;
    }
}
