using Akka.Actor;
using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>The queue of callers: who waits, what the budgets grant them, and who is next when a lease ends.</summary>
internal sealed partial class PoolGeneration
{
    private readonly LinkedList<LeaseWaiter> _waiters = [];
    private int _waiting;
    private int _servedInTurn;

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
            SetFlag(LeaseWord.Slow);

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
                Add(LeaseWord.OnePermit);
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
        return !word.IsDraining && _waiters.Count > share.Unmatched && word.Permits + share.Unmatched < _cap.Current(_clock.Milliseconds)
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
            _owner.WentIdle(this);
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
                    Add(-LeaseWord.OneLease(half));
                    CompleteFirst(new LeaseTaken(LeaseOutcome.Leased, next));
                    return;
                }
            }
            else
            {
                givesBack = end == LeaseEnd.Cleared || ClaimWanted();
            }

            Add(-LeaseWord.OneLease(half) - (givesBack ? LeaseWord.OnePermit : 0));
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
            _owner.WentIdle(this);
    }

    private (bool Drained, bool Idle) SettleIdle()
    {
        var word = Word;
        if (word.Leases > 0)
            return (false, false);
        if (word.IsDraining)
            return (true, false);
        if (!word.Has(LeaseWord.NotifyIdle) || _waiters.Count > 0 || Volatile.Read(ref _expected) > 0)
            return (false, false);
        ClearFlag(LeaseWord.NotifyIdle);
        return (false, true);
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
            _owner.WentIdle(this);
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

    private sealed record Forgettable(PoolGeneration Pool, LeaseWaiter Waiter)
    {
        public void Forget(CancellationToken cancellationToken) => Pool.Forget(Waiter, cancellationToken);
    }
}
