using HyperConn.Primitives;

namespace HyperConn.Leases;

/// <summary>What is learned of leases by looking at the word now and then: how many were begun, and whether one is old. Thread-safe.</summary>
internal sealed class LeaseAges(LeaseDesk desk, MonotonicClock clock, long accesses)
{
    private readonly Lock _gate = new();
    private long _begun;
    private long _seen = accesses;
    private TimeSpan _swappedAt;
    private bool _reported;

    /// <summary>Leases begun so far. The word counts to half a billion and starts again; reading it adds up, and it is read often enough.</summary>
    public long Begun
    {
        get
        {
            lock (_gate)
            {
                var seen = desk.Word.Accesses;
                _begun += (seen - _seen) & (LeaseWord.AccessModulus - 1);
                _seen = seen;
                return _begun;
            }
        }
    }

    /// <summary>How old the oldest lease is at least, as far as <see cref="FindOld"/> has seen; null: none has survived a look.</summary>
    public TimeSpan? Oldest
    {
        get
        {
            lock (_gate)
            {
                var word = desk.Word;
                return word.LeasesOf(1 - word.AgeBucket) > 0 ? clock.Now - _swappedAt : null;
            }
        }
    }

    /// <summary>
    /// Leases held for longer than a threshold, told once. Called now and then: each look at an empty older bucket makes the buckets change
    /// places, so whatever is in the older one has been open since before they last did.
    /// </summary>
    public (int Leases, TimeSpan Age)? FindOld(TimeSpan threshold)
    {
        lock (_gate)
        {
            var now = clock.Now;
            var word = desk.Word;
            if (word.LeasesOf(1 - word.AgeBucket) is > 0 and var old)
            {
                if (_reported || now - _swappedAt < threshold)
                    return null;
                _reported = true;
                return (old, now - _swappedAt);
            }

            // Nobody adds to the older bucket.
            if (word.AgeBucket == 0)
                desk.Set(LeaseWord.SecondBucket);
            else
                desk.Clear(LeaseWord.SecondBucket);
            _swappedAt = now;
            _reported = false;
            return null;
        }
    }
}
