namespace HyperConn.Leases;

/// <summary>
/// What is learned of leases by looking at the word now and then: how many were begun, and whether one is old. Not thread-safe; mutable, so
/// keep it in a field that is not read-only.
/// </summary>
internal struct LeaseAges(long accesses)
{
    private long _begun;
    private long _seen = accesses;
    private TimeSpan _turnedAt;
    private bool _reported;

    /// <summary>Leases begun so far. The word counts to half a billion and starts again; reading it adds up, and it is read often enough.</summary>
    public long Begun(LeaseWord word)
    {
        _begun += (word.Accesses - _seen) & (LeaseWord.AccessModulus - 1);
        _seen = word.Accesses;
        return _begun;
    }

    /// <summary>How old the oldest lease is at least, as far as <see cref="FindOld"/> has seen; null: none has survived a look.</summary>
    public readonly TimeSpan? Oldest(LeaseWord word, TimeSpan now) => word.LeasesOf(1 - word.AgeBucket) > 0 ? now - _turnedAt : null;

    /// <summary>
    /// Leases held for longer than a threshold, told once. Called now and then: each look at an empty older bucket makes the buckets change
    /// places, so whatever is in the older one has been open since before they last did.
    /// </summary>
    public (int Leases, TimeSpan Age)? FindOld(ref LeaseCounter counter, TimeSpan threshold, TimeSpan now)
    {
        var word = counter.Word;
        if (word.LeasesOf(1 - word.AgeBucket) is > 0 and var old)
        {
            if (_reported || now - _turnedAt < threshold)
                return null;
            _reported = true;
            return (old, now - _turnedAt);
        }

        // Nobody adds to the older bucket.
        if (word.AgeBucket == 0)
            counter.Set(LeaseWord.SecondBucket);
        else
            counter.Clear(LeaseWord.SecondBucket);
        _turnedAt = now;
        _reported = false;
        return null;
    }
}
