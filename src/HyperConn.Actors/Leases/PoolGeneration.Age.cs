namespace HyperConn.Leases;

/// <summary>What is learned by looking now and then: leases begun, and leases that are old.</summary>
internal sealed partial class PoolGeneration
{
    private long _accesses;
    private long _accessesSeen;
    private DateTimeOffset _turnedAt;
    private bool _reported;

    /// <summary>Leases begun so far. The word counts to a billion and starts again; reading it adds up, and it is read often enough.</summary>
    public long Accesses
    {
        get
        {
            lock (_gate)
            {
                var seen = Word.Accesses;
                _accesses += (seen - _accessesSeen) & (LeaseWord.AccessModulus - 1);
                _accessesSeen = seen;
                return _accesses;
            }
        }
    }

    /// <summary>How old the oldest lease is at least, as far as <see cref="FindOldLeases"/> has seen; null: none has survived a look.</summary>
    public TimeSpan? OldestLease
    {
        get
        {
            lock (_gate)
            {
                var word = Word;
                return word.LeasesOf(1 - word.Half) > 0 ? _runtime.Time.GetUtcNow() - _turnedAt : null;
            }
        }
    }

    /// <summary>
    /// Leases held for longer than a threshold, told once. Called now and then: each look at an empty older half of the word turns the
    /// halves over, so whatever is in the older half has been open since before the last turn.
    /// </summary>
    public (int Leases, TimeSpan Age)? FindOldLeases(TimeSpan threshold)
    {
        lock (_gate)
        {
            var now = _runtime.Time.GetUtcNow();
            var word = Word;
            if (word.LeasesOf(1 - word.Half) is > 0 and var old)
            {
                if (_reported || now - _turnedAt < threshold)
                    return null;
                _reported = true;
                return (old, now - _turnedAt);
            }

            // Nobody adds to the older half.
            SetHalf(1 - word.Half);
            _turnedAt = now;
            _reported = false;
            return null;
        }
    }

    private void SetHalf(int half)
    {
        if (half == 1)
            SetFlag(LeaseWord.SecondHalf);
        else
            ClearFlag(LeaseWord.SecondHalf);
    }
}
