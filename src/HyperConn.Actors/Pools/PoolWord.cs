namespace HyperConn;

/// <summary>
/// The one atomic word of a pool generation: open leases, permits, flags and the count of leases begun. Everything that decides whether a
/// lease may begin, or an eviction, is in it, so that each is a single compare-and-swap.
/// </summary>
/// <remarks>Bits 0–13 leases, 14–27 permits, 28–30 flags, 31–63 leases begun (wraps after 8.5 billion).</remarks>
internal readonly record struct PoolWord(long Bits)
{
    public const int MaxLeases = (1 << 14) - 1;

    public const long OneLease = 1L;
    public const long OnePermit = 1L << 14;
    public const long OneAccess = 1L << 31;

    /// <summary>No new leases; set once and for ever.</summary>
    public const long Draining = 1L << 28;

    /// <summary>Callers wait, or something needs a look: leases begin and end on the slow path.</summary>
    public const long Slow = 1L << 29;

    /// <summary>The supervisor wants to hear when the last lease ends.</summary>
    public const long NotifyIdle = 1L << 30;

    private const long LeaseMask = MaxLeases;

    public int Leases => (int)(Bits & LeaseMask);

    public int Permits => (int)((Bits >> 14) & LeaseMask);

    public long Accesses => (long)((ulong)Bits >> 31);

    public bool IsDraining => (Bits & Draining) != 0;

    public bool Has(long flag) => (Bits & flag) != 0;
}
