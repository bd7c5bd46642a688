using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>
/// How many calls a second the store is asked for: as many as come until it throttles, then half of what it got, and from there up
/// by a constant for each second of success (additive increase, multiplicative decrease).
/// </summary>
internal sealed class StorePace(MonotonicClock clock)
{
    /// <summary>From this pace on calls are not held back: what an account may batch-get in a second, by AWS's quotas.</summary>
    public const double MaxCallsPerSecond = 100;

    /// <summary>Slowest pace, in calls a second.</summary>
    public const double MinCallsPerSecond = 1;

    // Gained for each second of successful calls at full pace.
    private const double Increase = 2;

    private readonly Queue<TimeSpan> _sentInLastSecond = new();
    private TimeSpan _lastSentAt = TimeSpan.MinValue;
    private TimeSpan _slowedAt = TimeSpan.MinValue;

    /// <summary>Calls a second; infinite: as they come.</summary>
    public double CallsPerSecond { get; private set; } = double.PositiveInfinity;

    /// <summary>How long the next call must wait; zero: it may go.</summary>
    public TimeSpan Wait()
    {
        if (double.IsPositiveInfinity(CallsPerSecond))
            return TimeSpan.Zero;
        var next = _lastSentAt + TimeSpan.FromSeconds(1 / CallsPerSecond);
        var now = clock.Now;
        return next > now ? next - now : TimeSpan.Zero;
    }

    public void Sent()
    {
        _lastSentAt = clock.Now;
        _sentInLastSecond.Enqueue(_lastSentAt);
        ForgetOldCalls();
    }

    /// <summary>The store throttled a call that was sent at this moment of the clock.</summary>
    /// <returns>Whether the pace fell; calls sent before it last fell say nothing new.</returns>
    public bool Throttled(TimeSpan sentAt)
    {
        if (sentAt < _slowedAt)
            return false;
        ForgetOldCalls();
        var pace = double.IsPositiveInfinity(CallsPerSecond) ? Math.Min(_sentInLastSecond.Count, MaxCallsPerSecond) : CallsPerSecond;
        CallsPerSecond = Math.Max(MinCallsPerSecond, pace / 2);
        _slowedAt = clock.Now;
        return true;
    }

    /// <summary>The store answered a call.</summary>
    public void Succeeded()
    {
        if (double.IsPositiveInfinity(CallsPerSecond))
            return;
        CallsPerSecond += Increase / CallsPerSecond;
        if (CallsPerSecond >= MaxCallsPerSecond)
            CallsPerSecond = double.PositiveInfinity;
    }

    private void ForgetOldCalls()
    {
        var start = clock.Now - TimeSpan.FromSeconds(1);
        while (_sentInLastSecond.TryPeek(out var sent) && (sent < start || _sentInLastSecond.Count > MaxCallsPerSecond))
            _sentInLastSecond.Dequeue();
    }
}
