using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>Secrets that the store said have changed, until it has been asked for each and has answered: a store that is down loses none.</summary>
internal sealed class PendingChanges(StoreGate gate, MonotonicClock clock)
{
    private readonly HashSet<SecretEntry> _entries = [];

    /// <summary>When a change that must wait is due; null: none waits for time to pass.</summary>
    public TimeSpan? WakeAt { get; private set; }

    public int Count => _entries.Count;

    public void Add(SecretEntry entry)
    {
        entry.ChangePending = true;
        _entries.Add(entry);
    }

    /// <summary>Changed secrets to fetch now. While the store is down, or has just failed for one of them, it waits for the next try's time.</summary>
    /// <param name="evenAfterFailure">Forgets that fetches of them failed: the store is back.</param>
    public IReadOnlyList<SecretEntry> TakeDue(bool evenAfterFailure)
    {
        WakeAt = null;

        // What is under way may fail, and then its change is pending again.
        _entries.RemoveWhere(entry => !entry.ChangePending && entry.State != FetchState.Sent);
        if (_entries.Count == 0)
            return [];
        var due = new List<SecretEntry>();
        foreach (var entry in _entries.Where(entry => entry.ChangePending && entry.State == FetchState.Idle))
        {
            if (evenAfterFailure)
                entry.ForgetFailure();
            var wait = entry.FailureLeft > gate.Wait ? entry.FailureLeft : gate.Wait;
            if (wait == TimeSpan.Zero)
                due.Add(entry);
            else if (WakeAt is not { } earliest || clock.Now + wait < earliest)
                WakeAt = clock.Now + wait;
        }

        return gate.MaySend ? due : [];
    }
}
