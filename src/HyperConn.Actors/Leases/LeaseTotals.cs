namespace HyperConn.Leases;

/// <summary>How many leases were begun on the hot path since start. Their own count is in the word of each generation.</summary>
internal sealed class LeaseTotals
{
    private long _ofClosed;
    private long _notHot;
    private long _hot;

    /// <summary>A generation closed after so many leases.</summary>
    public void Closed(long leases) => Interlocked.Add(ref _ofClosed, leases);

    /// <summary>A lease was begun on the slow path, or its open failed: no hot acquisition.</summary>
    public void NotHot() => Interlocked.Increment(ref _notHot);

    /// <summary>Hot acquisitions. Never falls, although what it is added up from is not read in one instant.</summary>
    /// <param name="leases">Leases begun in the generations that are not closed.</param>
    public long Hot(long leases)
    {
        var hot = leases + Volatile.Read(ref _ofClosed) - Volatile.Read(ref _notHot);
        while (Volatile.Read(ref _hot) is var before && hot > before)
        {
            if (Interlocked.CompareExchange(ref _hot, hot, before) == before)
                return hot;
        }

        return Volatile.Read(ref _hot);
    }
}
