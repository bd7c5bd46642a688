namespace HyperConn.Primitives;

/// <summary>How a caller may go through a <see cref="Circuit"/>.</summary>
/// <param name="Probe">Zero: nothing is wrong. Otherwise the number of the probe: the caller is the one that tries, and must report
/// how it went. What it reports after another has taken its turn does not count.</param>
internal readonly record struct CircuitPass(int Probe)
{
    public static CircuitPass Closed => default;

    public bool IsProbe => Probe != 0;
}

/// <summary>
/// Failure memory of one tenant's login or one server. While it is open, one caller at a time tries; those whose deadline allows wait for
/// the outcome, the others are answered at once with the cause and the time of the next try.
/// </summary>
/// <remarks>
/// Polly's and Akka's breakers fail everybody while open; here callers with time left must survive a restart or a rotation, so the
/// waiting is ours. Thread-safe; time is injected.
/// </remarks>
internal sealed class Circuit(TimeProvider time, IReadOnlyList<TimeSpan> delays, double jitter = 0.0, Random? random = null)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _changed;
    private volatile HyperConnFailure? _cause;
    private Task? _due;
    private TimeSpan _nextTry;
    private int _failures;
    private int _probes;
    private int _probe;
    private bool _answerAtOnce;

    public bool IsOpen => _cause is not null;

    private TimeSpan Now => MonotonicClock.NowOf(time);

    /// <summary>Its state for people: half open while one tries.</summary>
    public CircuitState State
    {
        get
        {
            lock (_gate)
                return _cause is null ? CircuitState.Closed : _probe == 0 ? CircuitState.Open : CircuitState.HalfOpen;
        }
    }

    /// <summary>The circuit for people, while it is not closed.</summary>
    public CircuitStatistics? Statistics(CircuitScope scope)
    {
        lock (_gate)
        {
            return _cause is { } cause
                ? new CircuitStatistics { Scope = scope, State = _probe == 0 ? CircuitState.Open : CircuitState.HalfOpen, Failure = cause, Failures = _failures }
                : null;
        }
    }

    /// <summary>Failures in a row.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>The latest failure with the time of the next try, while the circuit is open.</summary>
    public HyperConnFailure? Cause => _cause;

    /// <summary>Ends when it is time for the next try, or when anything changes. Due already: when anything changes.</summary>
    public Task NextTurn
    {
        get
        {
            lock (_gate)
            {
                _changed ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                var pause = _cause is null || _probe != 0 ? TimeSpan.Zero : _nextTry - Now;
                return pause <= TimeSpan.Zero ? _changed.Task : _due ??= Task.WhenAny(_changed.Task, Task.Delay(pause, time));
            }
        }
    }

    /// <summary>Whether it is time for a try and nobody is at it.</summary>
    public bool MayProbe
    {
        get
        {
            lock (_gate)
                return _cause is not null && _probe == 0 && Now >= _nextTry;
        }
    }

    /// <summary>Goes through as the one that tries, if its time has come; null: not now.</summary>
    public CircuitPass? TryProbe()
    {
        lock (_gate)
        {
            return _cause is null || _probe != 0 || Now < _nextTry ? null : new CircuitPass(_probe = ++_probes);
        }
    }

    /// <summary>Says at once whether a caller would be turned away, without waiting.</summary>
    /// <param name="deadline">When the caller's time is up (<see cref="MonotonicClock"/>).</param>
    public HyperConnFailure? Refusal(TimeSpan deadline)
    {
        lock (_gate)
        {
            return _cause is not null && (_answerAtOnce ? _probe != 0 || Now < _nextTry : _probe == 0 && _nextTry >= deadline)
                ? _cause
                : null;
        }
    }

    /// <summary>Closes the circuit: it worked, or there is reason to think it will (new credentials, an operator's word).</summary>
    /// <returns>Whether it was open.</returns>
    public bool Reset()
    {
        TaskCompletionSource? changed;
        lock (_gate)
        {
            _probe = 0;
            _failures = 0;
            _answerAtOnce = false;
            if (_cause is null)
                return false;
            _cause = null;
            changed = TakeChanged();
        }

        changed?.TrySetResult();
        return true;
    }

    /// <summary>It failed, and the caller looks into it: nobody else tries meanwhile, and nobody is turned away.</summary>
    /// <param name="failure">The cause so far.</param>
    /// <param name="pass">How the caller had gone through.</param>
    /// <returns>Whether the caller is the one that tries now; null: another one is, or will be.</returns>
    public CircuitPass? Suspect(HyperConnFailure failure, CircuitPass pass)
    {
        lock (_gate)
        {
            if (pass.IsProbe)
                return IsTurnOf(pass) ? pass : null;
            if (_cause is not null)
                return null;
            _cause = failure;
            _answerAtOnce = false;
            return new CircuitPass(_probe = ++_probes);
        }
    }

    /// <summary>
    /// It failed. A failure that did not come from the probe opens a closed circuit and changes nothing of an open one; that of a probe
    /// whose turn is over, because the circuit was reset meanwhile, say, changes nothing at all.
    /// </summary>
    /// <param name="failure">The cause; the time of the next try is added.</param>
    /// <param name="pass">How the caller had gone through.</param>
    /// <param name="answerAtOnce">Callers get the cause until the next try, whatever their deadline: waiting won't mend it.</param>
    /// <returns>Whether this opened the circuit.</returns>
    public bool Failed(HyperConnFailure failure, CircuitPass pass, bool answerAtOnce = false)
    {
        TaskCompletionSource? changed;
        bool opened;
        lock (_gate)
        {
            if (pass.IsProbe ? !IsTurnOf(pass) : _cause is not null)
                return false;
            opened = _failures == 0;
            var delay = delays[Math.Min(_failures, delays.Count - 1)];
            if (jitter > 0)
                delay *= 1 + (jitter * ((random ?? Random.Shared).NextDouble() - 0.5));
            _failures++;
            _answerAtOnce = answerAtOnce;
            _probe = 0;
            _nextTry = Now + delay;
            _cause = failure with { RetryAt = time.GetUtcNow() + delay };
            changed = TakeChanged();
        }

        changed?.TrySetResult();
        return opened;
    }

    /// <summary>The probe ended without an answer (its caller gave up): the next one may try.</summary>
    public void ProbeAbandoned(CircuitPass pass)
    {
        TaskCompletionSource? changed;
        lock (_gate)
        {
            if (!IsTurnOf(pass))
                return;
            _probe = 0;
            changed = TakeChanged();
        }

        changed?.TrySetResult();
    }

    private TaskCompletionSource? TakeChanged()
    {
        var changed = _changed;
        (_changed, _due) = (null, null);
        return changed;
    }

    private bool IsTurnOf(CircuitPass pass) => pass.IsProbe && pass.Probe == _probe;
}
