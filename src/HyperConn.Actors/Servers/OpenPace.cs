namespace HyperConn.Servers;

/// <summary>How long opening sessions on one server takes lately, against what it takes when nothing is in the way. Thread-safe.</summary>
/// <remarks>
/// A session is begun and ended by a process of the server's. Where the machine has no time for the one, it has none for the other, which
/// nobody can see from outside: so the one stands for the other.
/// </remarks>
internal sealed class OpenPace
{
    // So many are lately, and the slowest few of them are no measure: an open that loads types is slow on any machine.
    private const int Recent = 16;
    private const int Outliers = 3;

    // The quickest of one or two of these is what an open takes at rest. They pass, as the server may move further away.
    private const int Era = 128;

    private readonly Lock _gate = new();
    private readonly TimeSpan[] _recent = new TimeSpan[Recent];
    private long _count;
    private TimeSpan _quickest = TimeSpan.MaxValue;
    private TimeSpan _quickestBefore = TimeSpan.MaxValue;
    private TimeSpan _delay;

    /// <summary>How much longer than at rest opens take lately; zero, while few are known.</summary>
    public TimeSpan Delay
    {
        get
        {
            lock (_gate)
                return _delay;
        }
    }

    /// <summary>Notes an open that succeeded.</summary>
    /// <param name="took">How long it took.</param>
    public void Note(TimeSpan took)
    {
        Span<TimeSpan> sorted = stackalloc TimeSpan[Recent];
        lock (_gate)
        {
            if (_count % Era == 0 && _count > 0)
                (_quickestBefore, _quickest) = (_quickest, TimeSpan.MaxValue);
            if (took < _quickest)
                _quickest = took;
            _recent[_count++ % Recent] = took;
            if (_count <= Outliers)
                return;
            var known = (int)Math.Min(_count, Recent);
            _recent.AsSpan(0, known).CopyTo(sorted);
            sorted[..known].Sort();
            var quickest = _quickest < _quickestBefore ? _quickest : _quickestBefore;
            _delay = sorted[known - 1 - Outliers] - quickest;
        }
    }
}
