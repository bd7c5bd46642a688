namespace HyperConn.Servers;

/// <summary>
/// Registered holders in the order of grants: who holds fewest permits first, then whose turn is longest ago. Not thread-safe. O(log n).
/// </summary>
internal sealed class WaitingHolders
{
    // An account must be out of the set while what it is ordered by changes.
    private readonly SortedSet<HolderAccount> _set = new(Comparer<HolderAccount>.Create(static (a, b) =>
        a.Held != b.Held ? a.Held.CompareTo(b.Held) : a.Turn.CompareTo(b.Turn)));

    private long _turn;

    public int Count => _set.Count;

    public HolderAccount? First => _set.Min;

    public IEnumerable<HolderAccount> InOrder => _set;

    /// <summary>Puts the account behind all that hold as many permits.</summary>
    public void TakeTurn(HolderAccount account) => account.Turn = ++_turn;

    public void Add(HolderAccount account)
    {
        _set.Add(account);
        account.Queued = true;
    }

    public void Remove(HolderAccount account)
    {
        if (account.Queued)
            _set.Remove(account);
        account.Queued = false;
    }
}
