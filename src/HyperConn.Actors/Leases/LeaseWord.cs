namespace HyperConn.Leases;

/// <summary>
/// The one atomic word of a pool generation: open leases, permits, flags and the count of leases begun. Everything that decides whether a
/// lease may begin, or an eviction, is in it, so that each is a single compare-and-swap.
/// </summary>
/// <remarks>
/// Bits 0–9 and 10–19 open leases of the two halves, 20–29 permits, 30–34 flags, 35–63 leases begun (wraps; read often enough to add up).
/// A lease belongs to the half that was current when it began. Turning the halves over tells old leases from young ones without
/// a clock on the hot path: see <see cref="PoolGeneration.FindOldLeases"/>.
/// </remarks>
internal readonly record struct LeaseWord(long Bits)
{
    /// <summary>Most leases, and most permits, a word can count.</summary>
    public const int Most = (1 << 10) - 1;

    /// <summary>One hot acquisition in this many is timed, and only while somebody listens. A power of two.</summary>
    public const int SampleEvery = 1024;

    public const long OnePermit = 1L << 20;
    public const long OneAccess = 1L << 35;

    /// <summary>No new leases; set once and for ever.</summary>
    public const long Draining = 1L << 30;

    /// <summary>Callers wait: leases begin and end on the slow path.</summary>
    public const long Slow = 1L << 31;

    /// <summary>The supervisor wants to hear when the last lease ends.</summary>
    public const long NotifyIdle = 1L << 32;

    /// <summary>Set: the second half is current.</summary>
    public const long SecondHalf = 1L << 33;

    /// <summary>Idle for so long that the server is asked before a connection is handed out: leases begin on the slow path.</summary>
    public const long Unproved = 1L << 34;

    /// <summary>Leases begun wrap at this.</summary>
    public const long AccessModulus = 1L << 29;

    public int Leases => LeasesOf(0) + LeasesOf(1);

    public int Permits => (int)(Bits >> 20) & Most;

    public long Accesses => (long)((ulong)Bits >> 35);

    public int Half => (int)(Bits >> 33) & 1;

    public bool IsDraining => (Bits & Draining) != 0;

    public static long OneLease(int half) => half == 0 ? 1L : 1L << 10;

    public int LeasesOf(int half) => (int)(Bits >> (10 * half)) & Most;

    /// <summary>Whether the next lease is one of those whose acquisition is timed.</summary>
    public bool IsSample => (Bits & ((SampleEvery - 1) * OneAccess)) == 0;

    public bool Has(long flag) => (Bits & flag) != 0;

    /// <summary>The word with one more lease in the current half.</summary>
    public LeaseWord WithLease() => new(Bits + OneLease(Half) + OneAccess);
}
