using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>
/// How long the refresh of a secret that is due has been wanted in vain. A secret nobody uses is refreshed at its next use, so its age says
/// nothing: what counts is the time from the first use that wanted the refresh, while further uses follow.
/// </summary>
internal sealed class OverdueRefresh
{
    /// <summary>A refresh that nobody wanted for longer than this is wanted no more.</summary>
    public static readonly TimeSpan WantedFor = TimeSpan.FromMinutes(10);

    private TimeSpan? _first;
    private TimeSpan _latest;

    /// <summary>A use wants the refresh.</summary>
    public void Want(MonotonicClock clock)
    {
        var now = clock.Now;
        if (!IsWanted(clock))
            _first = now;
        _latest = now;
    }

    /// <summary>For how long it has been wanted; zero: it isn't.</summary>
    public TimeSpan Length(MonotonicClock clock) => IsWanted(clock) ? clock.Now - _first!.Value : TimeSpan.Zero;

    private bool IsWanted(MonotonicClock clock) => _first is not null && clock.Now - _latest <= WantedFor;
}
