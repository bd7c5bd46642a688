namespace HyperConn;

/// <summary>What is learned by looking now and then: leases begun, and leases that are old.</summary>
internal sealed partial class PoolGeneration
{
    private readonly Lock _looking = new();
    private long _accesses;
    private long _accessesSeen;
    private DateTimeOffset _turnedAt;

    /// <summary>Leases begun so far. The word counts to a billion and starts again; reading it adds up, and it is read often enough.</summary>
    public long Accesses
    {
        get
        {
            lock (_looking)
            {
                var seen = Word.Accesses;
                _accesses += (seen - _accessesSeen) & (PoolWord.AccessModulus - 1);
                _accessesSeen = seen;
                return _accesses;
            }
        }
    }

    /// <summary>
    /// Leases older than an age, or zero. Called now and then: the halves of the word turn over when the older one is empty, so what is
    /// left in the older half has been open since before the last turn.
    /// </summary>
    /// <param name="age">Leases younger than this don't count.</param>
    /// <param name="oldest">How old they are at least.</param>
    public int TurnHalves(TimeSpan age, out TimeSpan oldest)
    {
        lock (_looking)
        {
            var now = _runtime.Time.GetUtcNow();
            oldest = now - _turnedAt;
            var word = Word;
            var old = word.LeasesOf(1 - word.Half);
            if (old > 0)
            {
                OldestLease = oldest;
                return oldest >= age ? old : 0;
            }

            OldestLease = null;
            while (word.LeasesOf(1 - word.Half) == 0
                && Interlocked.CompareExchange(ref _word, word.Bits ^ PoolWord.SecondHalf, word.Bits) != word.Bits)
            {
                word = Word;
            }

            _turnedAt = now;
            return 0;
        }
    }
}
