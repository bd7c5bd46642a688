using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>
/// Whether the store as a whole is down. Shut, look-ups are answered at once, and one call at a time probes for its return.
/// </summary>
/// <remarks>
/// It shuts when calls for at least two different secrets failed without an answer in between: one secret whose key
/// service is broken looks the same as a dead store, and must not stop the others.
/// </remarks>
internal sealed class StoreGate(TimeProvider clock, Jitter jitter, TimeSpan firstPause)
{
    /// <summary>Longest pause between two probes.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    private const int SecretsThatMakeAnOutage = 2;

    private readonly HashSet<string> _failing = new(StringComparer.Ordinal);
    private readonly Backoff _backoff = new(jitter, firstPause, LongestPause);
    private int _probes;

    /// <summary>Why the store is taken to be down; null: it isn't.</summary>
    public HyperConnFailure? Outage { get; private set; }

    /// <summary>The gate for people, while it is shut.</summary>
    public CircuitStatistics? Circuit => Outage is null
        ? null
        : new CircuitStatistics
        {
            Scope = CircuitScope.Store,
            State = _probes == 0 ? CircuitState.Open : CircuitState.HalfOpen,
            Failure = Outage,
            Failures = _backoff.Failures,
        };

    /// <summary>Whether a call may be sent now. While the gate is shut: one, when its time has come.</summary>
    public bool MaySend => Outage is null || (_probes == 0 && clock.GetUtcNow() >= Outage.RetryAt);

    /// <summary>Lets a probe through before its time, because somebody asked.</summary>
    public void ProbeNow()
    {
        if (Outage is not null)
            Outage = Outage with { RetryAt = clock.GetUtcNow() };
    }

    /// <summary>A call goes out.</summary>
    /// <returns>Whether it is a probe; handed back with its outcome.</returns>
    public bool Sent()
    {
        if (Outage is null)
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
        var wasDown = Outage is not null;
        Outage = null;
        return wasDown;
    }

    /// <summary>A call brought nothing but "unavailable".</summary>
    /// <returns>Whether the gate shut, or stays shut for another while.</returns>
    public bool Failed(bool probe, IEnumerable<string> secrets, string reason)
    {
        if (probe)
            _probes--;
        else if (Outage is not null)
            return false;
        _failing.UnionWith(secrets);
        if (_failing.Count < SecretsThatMakeAnOutage && !probe)
            return false;
        Outage = new HyperConnFailure(
            HyperConnErrorCode.StoreUnavailable,
            $"The secret store is down: {reason}",
            RetryAt: clock.GetUtcNow() + _backoff.Next());
        return true;
    }
}
