using Akka.Actor;
using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>The permits behind the leases: those no lease covers go back to the budgets, at their wish or after an outage.</summary>
internal sealed partial class PoolGeneration
{
    private PermitCap _cap;

    /// <summary>Whether the tenant has as many permits as it may, whatever its servers have left.</summary>
    public bool IsAtItsMost
    {
        get
        {
            lock (_gate)
                return Word.Permits >= _cap.Current(_clock.Milliseconds);
        }
    }

    public int HealthySince => Volatile.Read(ref _healthySince);

    /// <summary>The server said 53300 although its budget had room.</summary>
    public void ReportServerFull()
    {
        foreach (var share in _shares)
            share.Server.Budget.Tell(ServerFull.Instance);
    }

    /// <summary>The role's or the database's own limit is reached: for a while, take no more than what is open.</summary>
    public void ReportTenantFull()
    {
        lock (_gate)
            _cap.Learn(Word.Permits, _clock.Milliseconds);
    }

    /// <summary>Gives back the permits no lease covers, after their connections are closed. Run by the pool's actor.</summary>
    public void ReclaimIdle(ServerShare asked, int keep)
    {
        int free;
        lock (_gate)
        {
            free = _waiters.Count > 0 || Word.IsDraining ? 0 : TakeFreePermits(keep);
        }

        if (free > 0)
        {
            CloseIdleConnections();
            ReturnToBudgets(free, asked);
        }
        else
        {
            asked.Server.Budget.Tell(new PermitsReturned(asked, 0, AnswersReclaim: true));
        }
    }

    /// <summary>
    /// The server was away: what is idle is dead. Closes it, gives its permits back, and lets leases begin again; new connections
    /// then need a grant each, which bounds how many are opened at once.
    /// </summary>
    public void ResetAfterOutage(int epoch)
    {
        if (HealthySince != epoch)
            DropIdle(epoch);
    }

    /// <param name="epoch">The server's epoch that calls for it; null: something else does.</param>
    private void DropIdle(int? epoch = null)
    {
        int free;
        lock (_gate)
        {
            if (_healthySince == epoch)
                return;
            free = Word.IsDraining ? 0 : TakeFreePermits(0);

            // Only now: the hot path believes it at once, and would lease permits that have nothing behind them.
            _healthySince = epoch ?? _healthySince;
            Volatile.Write(ref _shakenAt, _clock.Milliseconds);
            SetFlag(LeaseWord.Unproved);
        }

        CloseIdleConnections();
        if (free > 0)
            ReturnToBudgets(free);
    }

    /// <summary>The server is back, says a connection just opened by a probe, before which idle ones were dropped.</summary>
    public void NoteRecovery(int epoch)
    {
        lock (_gate)
        {
            if (_healthySince == epoch - 1)
                _healthySince = epoch;
        }
    }

    /// <summary>Atomically lowers the permits to what leases cover (or to what is to be kept) and returns by how many.</summary>
    private int TakeFreePermits(int keep)
    {
        while (true)
        {
            var word = Word;
            var free = word.Permits - Math.Max(word.Leases, keep);
            if (free <= 0)
                return 0;
            if (Interlocked.CompareExchange(ref _word, word.Bits - (free * LeaseWord.OnePermit), word.Bits) == word.Bits)
                return free;
        }
    }

    /// <summary>A connection object was opened outside a lease: count it, over the permits if need be.</summary>
    /// <returns>The half it was counted on.</returns>
    public int ForceLease()
    {
        lock (_gate)
        {
            while (true)
            {
                var word = Word;
                var overdraft = word.Leases >= word.Permits;
                if (overdraft && word.Permits == LeaseWord.Most)
                    throw new InvalidOperationException($"{LeaseWord.Most} connections of one tenant are open, the most that can be counted.");
                var next = word.Bits + LeaseWord.OneLease(word.Half) + LeaseWord.OneAccess + (overdraft ? LeaseWord.OnePermit : 0);
                if (Interlocked.CompareExchange(ref _word, next, word.Bits) != word.Bits)
                    continue;
                if (!overdraft)
                    return word.Half;
                foreach (var share in _shares)
                    share.Server.Budget.Tell(new PermitOverdrawn(share));
                return word.Half;
            }
        }
    }

    private bool ClaimWanted()
    {
        var held = Word.Permits;
        foreach (var share in _shares)
        {
            if (share.Server.TryClaimWanted(held))
                return true;
        }

        return false;
    }

    private void ReturnToBudgets(int permits, ServerShare? answers = null)
    {
        foreach (var share in _shares)
            share.Server.Budget.Tell(new PermitsReturned(share, permits, ReferenceEquals(share, answers)));
    }
}
