using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>
/// Whether the store as a whole is down. Shut, look-ups are answered at once, and one call at a time probes for its return.
/// </summary>
/// <remarks>
/// It shuts when calls for at least two different secrets failed without an answer in between: one secret whose key
/// service is broken looks the same as a dead store, and must not stop the others.
/// </remarks>
internal sealed class StoreGate(MonotonicClock clock, Jitter jitter, TimeSpan firstPause)
{
    /// <summary>Longest pause between two probes.</summary>
    public static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(60);

    private const int FailedSecretsOfAnOutage = 2;

    // While a probe is out its time has passed already: callers are told to come back a little later than now.
    private static readonly TimeSpan MinRetryDelay = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> _failing = new(StringComparer.Ordinal);
    private readonly Backoff _backoff = new(jitter, firstPause, MaxPause);
    private HyperConnFailure? _outage;
    private TimeSpan _probeAt;
    private int _probes;

    /// <summary>Whether the store is taken to be up.</summary>
    public bool IsOpen => _outage is null;

    /// <summary>Secrets remembered to have failed without an answer in between: no more than tell an outage.</summary>
    public int Failing => _failing.Count;

    /// <summary>Why the store is taken to be down, with the time of the next probe; null: it isn't.</summary>
    public HyperConnFailure? Outage => _outage is null ? null : _outage with { RetryAt = clock.ToWallClock(_probeAt) };

    /// <summary>What callers are answered while the gate is shut.</summary>
    public HyperConnFailure Refusal
    {
        get
        {
            var soonest = clock.Now + MinRetryDelay;
            return _outage! with { RetryAt = clock.ToWallClock(_probeAt > soonest ? _probeAt : soonest) };
        }
    }

    /// <summary>The gate for people, while it is shut.</summary>
    public CircuitStatistics? Circuit => Outage is { } outage
        ? new CircuitStatistics
        {
            Scope = CircuitScope.Store,
            State = _probes == 0 ? CircuitState.Open : CircuitState.HalfOpen,
            Failure = outage,
            Failures = _backoff.Failures,
        }
        : null;

    /// <summary>Whether a call may be sent now. While the gate is shut: one, when its time has come.</summary>
    public bool MaySend => _outage is null || (_probes == 0 && clock.Now >= _probeAt);

    /// <summary>How long until a call may be sent, unless a probe is out; zero: now.</summary>
    public TimeSpan Wait
    {
        get
        {
            var now = clock.Now;
            return _outage is null || now >= _probeAt ? TimeSpan.Zero : _probeAt - now;
        }
    }

    /// <summary>Lets a probe through before its time, because somebody asked.</summary>
    public void ProbeNow() => _probeAt = clock.Now;

    /// <summary>A call goes out.</summary>
    /// <returns>Whether it is a probe; handed back with its outcome.</returns>
    public bool Sent()
    {
        if (_outage is null)
            return false;
        _probes++;
        return true;
    }

    /// <summary>The store answered something about some secret: it lives.</summary>
    /// <returns>Whether it was taken to be down.</returns>
    public bool Answered(bool probe)
    {
        if (probe)
            _probes--;
        _failing.Clear();
        _backoff.Reset();
        var wasDown = _outage is not null;
        _outage = null;
        return wasDown;
    }

    /// <summary>A call brought nothing but "unavailable".</summary>
    /// <returns>Whether the gate shut, or stays shut for another while.</returns>
    public bool Failed(bool probe, IEnumerable<string> secrets, string reason)
    {
        if (probe)
            _probes--;
        else if (_outage is not null)
            return false;

        // Which ones matters no more once there are enough of them, and an outage may meet every secret there is.
        if (_failing.Count < FailedSecretsOfAnOutage)
            _failing.UnionWith(secrets.Take(FailedSecretsOfAnOutage));
        if (_failing.Count < FailedSecretsOfAnOutage && !probe)
            return false;
        _outage = new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, $"The secret store is down: {reason}");
        _probeAt = clock.Now + _backoff.Next();
        return true;
    }
}
