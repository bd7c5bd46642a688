using Akka.Actor;

namespace HyperConn;

/// <summary>The queue of callers, grants from the budgets, and permits that go back to them.</summary>
internal sealed partial class PoolGeneration
{
    private const long LearnedCapMilliseconds = 5_000;

    private readonly LinkedList<LeaseWaiter> _waiters = [];
    private int _waiting;
    private readonly int _cap;
    private int _servedInTurn;
    private int _learnedCap = int.MaxValue;
    private long _learnedUntil;

    public int Waiters => Volatile.Read(ref _waiting);

    /// <summary>When the caller that has waited longest began, or null.</summary>
    public long? WaitsSince
    {
        get
        {
            lock (_gate)
                return _waiters.First?.Value.Since;
        }
    }

    /// <summary>
    /// Takes a lease: at once if a permit is free, else in the queue, until a lease comes back or a budget grants a permit, whichever is
    /// first. A cancelled wait has no lease.
    /// </summary>
    public async ValueTask<LeaseTaken> AcquireAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LeaseWaiter waiter;
        lock (_gate)
        {
            if (Word.IsDraining)
                return new LeaseTaken(LeaseOutcome.Retired);
            if (_waiters.Count == 0 && TryLeaseQueued() is { } half)
                return new LeaseTaken(LeaseOutcome.Leased, half);
            if (_waiters.Count >= _runtime.Options.Servers.MaxWaitersPerTenant)
                return new LeaseTaken(LeaseOutcome.TenantWaitersFull);
            if (!_server.TryAddWaiter(_runtime.Options.Servers.MaxWaitersPerServer))
                return new LeaseTaken(LeaseOutcome.ServerWaitersFull);

            waiter = new LeaseWaiter(_runtime.Clock.Milliseconds);
            _waiters.AddLast(waiter);
            _waiting = _waiters.Count;
            SetFlag(PoolWord.Slow);

            // A lease that ended between the look above and the flag did not see a waiter.
            ServeQueue();
            if (!waiter.Task.IsCompleted)
                WantPermits();
        }

        await using var registration = cancellationToken
            .Register(static (state, token) => ((Forgettable)state!).Forget(token), new Forgettable(this, waiter)).ConfigureAwait(false);
        return await waiter.Task.ConfigureAwait(false);
    }

    /// <summary>Asks for permits if the queue needs some that could not be used before.</summary>
    public void WantAgain()
    {
        lock (_gate)
            WantPermits();
    }

    /// <summary>Has those in the queue look at their tenant's circuit, which has opened, and come back.</summary>
    public void SendQueueBack()
    {
        lock (_gate)
        {
            while (_waiters.Count > 0)
                CompleteFirst(new LeaseTaken(LeaseOutcome.Retired));
        }
    }

    /// <summary>A budget offers one permit of one server. It becomes a lease once every server of the generation has granted one.</summary>
    public PermitOffer Offer(ServerShare share)
    {
        lock (_gate)
        {
            if (!MayTake(share))
            {
                share.Registered = false;
                return PermitOffer.Declined;
            }

            share.Unmatched++;
            if (Array.TrueForAll(_shares, s => s.Unmatched > 0))
            {
                foreach (var matched in _shares)
                    matched.Unmatched--;
                Add(PoolWord.OnePermit);
                _servedInTurn = 0;
                _growing++;
                CompleteFirst(new LeaseTaken(LeaseOutcome.Granted, BeginLease()));
            }

            share.Registered = MayTake(share);
            WantPermits();
            return share.Registered ? PermitOffer.TakenMore : PermitOffer.TakenLast;
        }
    }

    /// <summary>Whether callers still wait for a permit of this server; no clears the registration.</summary>
    public bool StillWants(ServerShare share)
    {
        lock (_gate)
            return share.Registered = MayTake(share);
    }

    private bool MayTake(ServerShare share)
    {
        var word = Word;
        return !word.IsDraining && _waiters.Count > share.Unmatched && word.Permits + share.Unmatched < CurrentCap()
            && Login is not { IsOpen: true, MayProbe: false };
    }

    /// <summary>
    /// Asks the budgets for permits, one server after the other in their fixed order, so that two tenants can't each hold what the other
    /// needs.
    /// </summary>
    private void WantPermits()
    {
        foreach (var share in _shares)
        {
            if (share.Unmatched > 0)
                continue;
            if (!share.Registered && MayTake(share))
            {
                share.Registered = true;
                share.Server.Budget.Tell(new PermitWanted(share));
            }

            return;
        }
    }

    /// <summary>The opening a grant paid for has ended.</summary>
    public void GrantedOpenEnded()
    {
        bool idle;
        lock (_gate)
        {
            _growing--;
            SettleSlow();

            // Eviction may have passed the pool over because of this alone.
            (_, idle) = SettleIdle();
        }

        foreach (var share in _shares)
            share.Server.Budget.Tell(new OpenEnded(share));
        if (idle)
            _runtime.Supervisor.Tell(new PoolWentIdle(Tenant));
    }

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
        {
            _learnedCap = Math.Max(1, Word.Permits);
            _learnedUntil = _runtime.Clock.Milliseconds + LearnedCapMilliseconds;
        }
    }

    private int CurrentCap()
    {
        // Once the time is up one more is tried, and if that is refused the cap is learned again.
        if (_learnedCap < _cap && _runtime.Clock.Milliseconds >= _learnedUntil)
        {
            _learnedCap++;
            _learnedUntil = _runtime.Clock.Milliseconds + LearnedCapMilliseconds;
        }

        return Math.Min(_cap, _learnedCap);
    }

    private void ReleaseSlow(int half, LeaseEnd end)
    {
        bool givesBack;
        lock (_gate)
        {
            if (end is LeaseEnd.Gone or LeaseEnd.Retired || Word.IsDraining)
            {
                givesBack = true;
            }
            else if (_waiters.Count > 0)
            {
                // Own callers first, for a quantum; then the permit goes on to another tenant, if one waits.
                givesBack = ++_servedInTurn > _runtime.Options.Servers.Quantum && ClaimWanted();
                if (!givesBack)
                {
                    if (end == LeaseEnd.Cleared)
                        _hollow++;
                    var next = BeginLease();
                    Add(-PoolWord.OneLease(half));
                    CompleteFirst(new LeaseTaken(LeaseOutcome.Leased, next));
                    return;
                }
            }
            else
            {
                givesBack = end == LeaseEnd.Cleared || ClaimWanted();
            }

            Add(-PoolWord.OneLease(half) - (givesBack ? PoolWord.OnePermit : 0));
        }

        if (givesBack)
        {
            // Close first, count after: the permit must not be granted again while the connection behind it is open.
            if (end is LeaseEnd.Idle or LeaseEnd.Retired)
                CloseIdleConnections();
            ReturnToBudgets(1);
        }

        var drained = false;
        var idle = false;
        int hollow;
        lock (_gate)
        {
            ServeQueue();
            hollow = TakeHollowPermits();
            WantPermits();
            (drained, idle) = SettleIdle();
        }

        if (hollow > 0)
            ReturnToBudgets(hollow);

        if (drained)
            Close();
        else if (idle)
            _runtime.Supervisor.Tell(new PoolWentIdle(Tenant));
    }

    private void ReturnToBudgets(int permits, ServerShare? answers = null)
    {
        foreach (var share in _shares)
            share.Server.Budget.Tell(new PermitsReturned(share, permits, ReferenceEquals(share, answers)));
    }

    private (bool Drained, bool Idle) SettleIdle()
    {
        var word = Word;
        if (word.Leases > 0)
            return (false, false);
        if (word.IsDraining)
            return (true, false);
        if (!word.Has(PoolWord.NotifyIdle) || _waiters.Count > 0 || Volatile.Read(ref _expected) > 0)
            return (false, false);
        ClearFlag(PoolWord.NotifyIdle);
        return (false, true);
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
            SetFlag(PoolWord.Unproved);
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

    public int HealthySince => Volatile.Read(ref _healthySince);

    /// <summary>Atomically lowers the permits to what leases cover (or to what is to be kept) and returns by how many.</summary>
    private int TakeFreePermits(int keep)
    {
        while (true)
        {
            var word = Word;
            var free = word.Permits - Math.Max(word.Leases, keep);
            if (free <= 0)
                return 0;
            if (Interlocked.CompareExchange(ref _word, word.Bits - (free * PoolWord.OnePermit), word.Bits) == word.Bits)
                return free;
        }
    }

    /// <summary>A connection object was opened outside a lease: count it, over the permits if need be.</summary>
    public void ForceLease(int half)
    {
        lock (_gate)
        {
            while (true)
            {
                var word = Word;
                var overdraft = word.Leases >= word.Permits;
                if (overdraft && word.Permits == PoolWord.Most)
                    throw new InvalidOperationException($"{PoolWord.Most} connections of one tenant are open, the most that can be counted.");
                var next = word.Bits + PoolWord.OneLease(half) + PoolWord.OneAccess + (overdraft ? PoolWord.OnePermit : 0);
                if (Interlocked.CompareExchange(ref _word, next, word.Bits) != word.Bits)
                    continue;
                if (!overdraft)
                    return;
                foreach (var share in _shares)
                    share.Server.Budget.Tell(new PermitOverdrawn(share));
                return;
            }
        }
    }

    /// <summary>The half of a lease taken on a free permit, past the queue's flag; null: none is free.</summary>
    private int? TryLeaseQueued()
    {
        while (true)
        {
            var word = Word;
            if (word.IsDraining || word.Leases >= word.Permits)
                return null;
            if (Interlocked.CompareExchange(ref _word, word.WithLease().Bits, word.Bits) == word.Bits)
                return word.Half;
        }
    }

    /// <summary>Counts a lease whose permit is certain.</summary>
    private int BeginLease()
    {
        while (true)
        {
            var word = Word;
            if (Interlocked.CompareExchange(ref _word, word.WithLease().Bits, word.Bits) == word.Bits)
                return word.Half;
        }
    }

    private void ServeQueue()
    {
        while (_waiters.Count > 0 && TryLeaseQueued() is { } half)
            CompleteFirst(new LeaseTaken(LeaseOutcome.Leased, half));
    }

    private void CompleteFirst(LeaseTaken taken)
    {
        var waiter = _waiters.First!.Value;
        _waiters.RemoveFirst();
        Left();
        waiter.SetResult(taken);
    }

    private void Forget(LeaseWaiter waiter, CancellationToken cancellationToken)
    {
        bool idle;
        lock (_gate)
        {
            if (!_waiters.Remove(waiter))
                return;
            Left();

            // Waiters keep a pool from eviction as leases do; the last of either to go tells.
            (_, idle) = SettleIdle();
        }

        waiter.TrySetCanceled(cancellationToken);
        if (idle)
            _runtime.Supervisor.Tell(new PoolWentIdle(Tenant));
    }

    private void Left()
    {
        _waiting = _waiters.Count;
        _server.RemoveWaiter();
        SettleSlow();
        if (_waiters.Count > 0)
            return;

        // Permits of some servers but not of all, and nobody left to use them.
        foreach (var share in _shares)
        {
            for (; share.Unmatched > 0; share.Unmatched--)
            {
                share.Server.Budget.Tell(new PermitsReturned(share, 1, AnswersReclaim: false));
                share.Server.Budget.Tell(new OpenEnded(share));
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

    private sealed record Forgettable(PoolGeneration Pool, LeaseWaiter Waiter)
    {
        public void Forget(CancellationToken cancellationToken) => Pool.Forget(Waiter, cancellationToken);
    }
}
