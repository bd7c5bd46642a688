namespace HyperConn.Leases;

/// <summary>
/// How long the connection that has been idle for longest may have been, found by looking at the count of leases now and then. Npgsql hands
/// out the one that has been idle for longest: after as many leases as there are permits each was used. Not thread-safe; mutable, so
/// keep it in a field that is not read-only.
/// </summary>
/// <param name="accesses">The count of leases begun (<see cref="LeaseWord.Accesses"/>).</param>
/// <param name="now">The time, in milliseconds.</param>
internal struct IdleAge(long accesses, long now)
{
    private long _roundBegan = now;
    private long _roundFrom = accesses;

    /// <summary>Since when every connection was used at least once.</summary>
    public long AllUsedSince { get; private set; } = now;

    public void Look(LeaseWord word, long now)
    {
        var begun = (word.Accesses - _roundFrom) & (LeaseWord.AccessModulus - 1);
        if (begun > 0 && begun < word.Permits)
            return;
        if (begun > 0)
            AllUsedSince = _roundBegan;
        _roundBegan = now;
        _roundFrom = word.Accesses;
    }
}
