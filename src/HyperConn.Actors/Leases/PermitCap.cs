using HyperConn.Primitives;

namespace HyperConn.Leases;

/// <summary>
/// Most permits a pool takes: what is configured, or less while the role or the database has a connection limit of its own that was met.
/// Not thread-safe, and mutable: keep it in a field that is not read-only.
/// </summary>
internal struct PermitCap(int max)
{
    private const long LearnedMilliseconds = 5_000;

    private int _learned = int.MaxValue;
    private long _until;

    /// <summary>A limit was met: for a while, take no more than there are.</summary>
    /// <param name="permits">Permits held.</param>
    /// <param name="now"><see cref="CoarseClock.Milliseconds"/>.</param>
    public void Learn(int permits, long now)
    {
        _learned = Math.Max(1, permits);
        _until = now + LearnedMilliseconds;
    }

    /// <summary>The cap in force. Once the time is up one more is tried, and if that is refused the cap is learned again.</summary>
    public int Current(long now)
    {
        if (_learned < max && now >= _until)
        {
            _learned++;
            _until = now + LearnedMilliseconds;
        }

        return Math.Min(max, _learned);
    }
}
