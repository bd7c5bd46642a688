namespace HyperConn.Secrets;

/// <summary>
/// How many calls a second the store is asked for: as many as come until it throttles, then half of what it got, and from there up
/// by a constant for each second of success (additive increase, multiplicative decrease).
/// </summary>
internal sealed class StorePace(TimeProvider clock)
{
    /// <summary>Pace past which none is kept any more: what an account may batch-get in a second, by AWS's quotas.</summary>
    public const double Ceiling = 100;

    /// <summary>Slowest pace, in calls a second.</summary>
    public const double Floor = 1;

    // Gained for each second of successful calls at full pace.
    private const double Increase = 2;

    private readonly Queue<DateTimeOffset> _lastSecond = new();
    private DateTimeOffset _lastSent = DateTimeOffset.MinValue;
    private DateTimeOffset _slowedAt = DateTimeOffset.MinValue;

    /// <summary>Calls a second; infinite: as they come.</summary>
    public double CallsPerSecond { get; private set; } = double.PositiveInfinity;

    /// <summary>How long the next call must wait; zero: it may go.</summary>
    public TimeSpan Wait()
    {
        if (double.IsPositiveInfinity(CallsPerSecond))
            return TimeSpan.Zero;
        var next = _lastSent + TimeSpan.FromSeconds(1 / CallsPerSecond);
        var now = clock.GetUtcNow();
        return next > now ? next - now : TimeSpan.Zero;
    }

    public void Sent()
    {
        _lastSent = clock.GetUtcNow();
        _lastSecond.Enqueue(_lastSent);
        Forget();
    }

    /// <summary>The store throttled a call that was sent at that time.</summary>
    /// <returns>Whether the pace fell; calls sent before the last fall say nothing new.</returns>
    public bool Throttled(DateTimeOffset sentAt)
    {
        if (sentAt < _slowedAt)
            return false;
        Forget();
        var pace = double.IsPositiveInfinity(CallsPerSecond) ? Math.Min(_lastSecond.Count, Ceiling) : CallsPerSecond;
        CallsPerSecond = Math.Max(Floor, pace / 2);
        _slowedAt = clock.GetUtcNow();
        return true;
    }

    /// <summary>The store answered a call.</summary>
    public void Succeeded()
    {
        if (double.IsPositiveInfinity(CallsPerSecond))
            return;
        CallsPerSecond += Increase / CallsPerSecond;
        if (CallsPerSecond >= Ceiling)
            CallsPerSecond = double.PositiveInfinity;
    }

    private void Forget()
    {
        var start = clock.GetUtcNow() - TimeSpan.FromSeconds(1);
        while (_lastSecond.TryPeek(out var sent) && (sent < start || _lastSecond.Count > Ceiling))
            _lastSecond.Dequeue();
    }
}
