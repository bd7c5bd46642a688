using System.Runtime.CompilerServices;

namespace HyperConn.Leases;

/// <summary>
/// Counts leases and permits in one atomic word. Thread-safe; mutable, so keep it in a field that is not read-only.
/// </summary>
internal struct LeaseCounter
{
    private long _bits;

    /// <param name="accesses">Where the count of leases begun starts; it wraps.</param>
    public LeaseCounter(long accesses) => _bits = accesses * LeaseWord.OneAccess;

    public readonly LeaseWord Word => new(Volatile.Read(in _bits));

    /// <summary>Takes a lease on a free permit, unless a flag sends it to the slow path: one compare-and-swap.</summary>
    /// <param name="before">The word the lease was counted on: its current age bucket has it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(out LeaseWord before)
    {
        before = Word;
        if (!MayTake(before))
            return false;
        return Interlocked.CompareExchange(ref _bits, before.WithLease().Bits, before.Bits) == before.Bits || TryTakeAgain(out before);
    }

    /// <summary>Takes a lease on a free permit, past callers that wait.</summary>
    /// <returns>Its age bucket; null: no permit is free, or the generation drains.</returns>
    public int? TryTakeFree()
    {
        while (true)
        {
            var word = Word;
            if (word.IsDraining || word.Leases >= word.Permits)
                return null;
            if (TrySwap(word, word.WithLease().Bits))
                return word.AgeBucket;
        }
    }

    /// <summary>Counts a lease whose permit is certain.</summary>
    /// <param name="withPermit">The permit is new and comes with it.</param>
    /// <returns>Its age bucket.</returns>
    public int Take(bool withPermit = false)
    {
        while (true)
        {
            var word = Word;
            if (TrySwap(word, word.WithLease().Bits + (withPermit ? LeaseWord.OnePermit : 0)))
                return word.AgeBucket;
        }
    }

    /// <summary>Counts a lease whether there is a permit for it or not.</summary>
    /// <param name="overdrawn">Whether there was none, so that one was counted with it.</param>
    /// <exception cref="InvalidOperationException">More can't be counted.</exception>
    public int TakeAnyway(out bool overdrawn)
    {
        while (true)
        {
            var word = Word;
            overdrawn = word.Leases >= word.Permits;
            if (overdrawn && word.Permits == LeaseWord.Max)
                throw new InvalidOperationException($"{LeaseWord.Max} connections of one tenant are open, the most that can be counted.");
            if (TrySwap(word, word.WithLease().Bits + (overdrawn ? LeaseWord.OnePermit : 0)))
                return word.AgeBucket;
        }
    }

    /// <summary>Ends a lease, unless a flag sends it to the slow path.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnd(int bucket)
    {
        var word = Word;
        while (!word.Has(LeaseWord.Draining | LeaseWord.HasWaiters | LeaseWord.NotifyIdle))
        {
            var seen = Interlocked.CompareExchange(ref _bits, word.Bits - LeaseWord.OneLease(bucket), word.Bits);
            if (seen == word.Bits)
                return true;
            word = new LeaseWord(seen);
        }

        return false;
    }

    /// <summary>Ends a lease.</summary>
    /// <param name="bucket">Its age bucket.</param>
    /// <param name="withPermit">Its permit goes with it.</param>
    public void End(int bucket, bool withPermit) =>
        Interlocked.Add(ref _bits, -LeaseWord.OneLease(bucket) - (withPermit ? LeaseWord.OnePermit : 0));

    /// <summary>Takes away the permits that no lease covers, but for those to be kept.</summary>
    /// <returns>How many.</returns>
    public int TakeFreePermits(int keep)
    {
        while (true)
        {
            var word = Word;
            var free = word.Permits - Math.Max(word.Leases, keep);
            if (free <= 0)
                return 0;
            if (TrySwap(word, word.Bits - (free * LeaseWord.OnePermit)))
                return free;
        }
    }

    public void Set(long flag) => Interlocked.Or(ref _bits, flag);

    public void Clear(long flag) => Interlocked.And(ref _bits, ~flag);

    /// <summary>Replaces the word if it is still the one that was seen.</summary>
    public bool TrySwap(LeaseWord seen, long bits) => Interlocked.CompareExchange(ref _bits, bits, seen.Bits) == seen.Bits;

    private bool TryTakeAgain(out LeaseWord before)
    {
        while (true)
        {
            before = Word;
            if (!MayTake(before))
                return false;
            if (TrySwap(before, before.WithLease().Bits))
                return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool MayTake(LeaseWord word) =>
        !word.Has(LeaseWord.Draining | LeaseWord.HasWaiters | LeaseWord.NeedsProbe) && word.Leases < word.Permits;
}
