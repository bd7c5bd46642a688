using System.Runtime.CompilerServices;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>
/// Who gets a lease of a generation, on which permit, and who is next when one ends. Thread-safe. The hot path takes and ends leases by one
/// compare-and-swap each; whatever else happens is decided under a lock.
/// </summary>
internal sealed class LeaseDesk(ServerState server, ServerOptions options, CoarseClock clock, int accesses)
{
    private readonly Lock _gate = new();
    private readonly LeaseQueue _queue = new();
    private PermitRequests _permits = null!;
    private LeaseCounter _leases = new(accesses);
    private int _expected;

    public LeaseWord Word => _leases.Word;

    public int Waiters => _queue.Count;

    /// <summary>What is asked of the budgets.</summary>
    public PermitRequests Permits { get => _permits; init => _permits = value; }

    /// <summary>When the caller that has waited longest began, or null.</summary>
    public long? WaitsSince
    {
        get
        {
            lock (_gate)
                return _queue.WaitsSince;
        }
    }

    /// <summary>Whether the tenant has as many permits as it may, whatever its servers have left.</summary>
    /// <param name="learn">The role's or the database's own limit is reached: it is what there is, for a while.</param>
    public bool IsAtMax(bool learn = false)
    {
        lock (_gate)
            return _permits.IsAtMax(Word.Permits, clock.Milliseconds, learn);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(out LeaseWord before) => _leases.TryTake(out before);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnd(int bucket) => _leases.TryEnd(bucket);

    public void Set(long flag) => _leases.Set(flag);
    public void Clear(long flag) => _leases.Clear(flag);

    /// <summary>Takes a lease if a permit is free and nobody waits.</summary>
    /// <returns>Its age bucket, or null.</returns>
    public int? TryTakeFree()
    {
        lock (_gate)
            return _queue.Count == 0 ? _leases.TryTakeFree() : null;
    }

    /// <summary>
    /// Takes a lease: at once if a permit is free, else in the queue, until a lease comes back or the budgets grant permits, whichever is
    /// first. The waiter's task has the outcome.
    /// </summary>
    public LeaseWaiter Join()
    {
        var waiter = new LeaseWaiter(clock.Milliseconds);
        lock (_gate)
        {
            if (Word.IsDraining)
                waiter.SetResult(new Lease(LeaseOutcome.SentBack));
            else if (_queue.Count == 0 && _leases.TryTakeFree() is { } bucket)
                waiter.SetResult(new Lease(LeaseOutcome.Leased, bucket));
            else if (_queue.Count >= options.MaxWaitersPerTenant)
                waiter.SetResult(new Lease(LeaseOutcome.TenantWaitersFull));
            else if (!server.TryAddWaiter(options.MaxWaitersPerServer))
                waiter.SetResult(new Lease(LeaseOutcome.ServerWaitersFull));
            if (waiter.Task.IsCompleted)
                return waiter;

            _queue.Add(waiter);
            _leases.Set(LeaseWord.HasWaiters);

            // A lease that ended between the look above and the flag did not see a waiter.
            ServeQueue();
            if (waiter.IsQueued)
                WantPermits();
        }

        return waiter;
    }

    /// <summary>A caller waits no more. It may have a lease by now.</summary>
    /// <returns>What must follow; null: it has a lease, or was told already.</returns>
    public LeaseFollowUp? Leave(LeaseWaiter waiter)
    {
        lock (_gate)
        {
            if (!_queue.Remove(waiter))
                return null;
            LeftQueue();

            return Settle();
        }
    }

    /// <summary>Has those in the queue look again: what they wait for has changed.</summary>
    public void SendQueueBack()
    {
        lock (_gate)
        {
            while (_queue.Count > 0)
                ServeFirst(new Lease(LeaseOutcome.SentBack));
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

            if (!_permits.IsOfUse)
                return PermitOffer.NotNow;
            var answer = _permits.Take(share, out var lease);
            if (answer == PermitOffer.NotNow)
                return answer;
            if (lease is { } granted)
            {
                _queue.BeginTurn();
                ServeFirst(granted with { AgeBucket = _leases.Take(withPermit: true) });
            }

            // One at a time is held for another server's: more would only be kept from others.
            share.Registered = answer != PermitOffer.Parked && MayTake(share);
            WantPermits();
            return answer == PermitOffer.Parked ? answer : share.Registered ? PermitOffer.TakenMore : PermitOffer.TakenLast;
        }
    }

    /// <summary>Whether callers still wait for a permit of this server; no clears the registration.</summary>
    public bool StillWants(ServerShare share)
    {
        lock (_gate)
            return share.Registered = MayTake(share);
    }

    /// <summary>Counts a lease of a connection object that its owner opened by itself, over the permits if need be.</summary>
    public int TakeAnyway(out bool overdrawn)
    {
        lock (_gate)
            return _leases.TakeAnyway(out overdrawn);
    }

    /// <summary>Ends a lease, past the hot path.</summary>
    /// <param name="bucket">Its age bucket.</param>
    /// <param name="keepsPermit">False: the permit goes back whoever waits, because what it stood for is gone.</param>
    public LeaseFollowUp End(int bucket, bool keepsPermit)
    {
        lock (_gate)
        {
            var givesBack = !keepsPermit || Word.IsDraining;
            if (!givesBack && _queue.Count > 0)
            {
                // Own callers first, for a quantum; then the permit goes on to another tenant, if one waits.
                givesBack = _queue.IsTurnOver(options.Quantum) && _permits.TryClaimWanted(Word.Permits);
                if (!givesBack)
                {
                    var next = _leases.Take();
                    _leases.End(bucket, withPermit: false);
                    ServeFirst(new Lease(LeaseOutcome.Leased, next));
                    return default;
                }
            }
            else if (!givesBack)
            {
                givesBack = _permits.TryClaimWanted(Word.Permits);
            }

            _leases.End(bucket, withPermit: givesBack);
            ServeQueue();
            WantPermits();
            return Settle() with { FreePermits = givesBack ? 1 : 0 };
        }
    }

    /// <summary>An open that a grant paid for has ended: eviction may have passed the pool over because of this alone.</summary>
    public LeaseFollowUp Settled()
    {
        lock (_gate)
            return Settle();
    }

    /// <summary>Takes away the permits that no lease covers, but for those to be kept.</summary>
    /// <param name="keep">Permits to keep, under lease or not.</param>
    /// <param name="ifNobodyWaits">Take none while callers wait.</param>
    public int TakeFreePermits(int keep, bool ifNobodyWaits)
    {
        lock (_gate)
            return Word.IsDraining || (ifNobodyWaits && _queue.Count > 0) ? 0 : _leases.TakeFreePermits(keep);
    }

    /// <summary>Gives out no more leases. Callers in the queue go on to the successor.</summary>
    public LeaseFollowUp BeginDrain()
    {
        lock (_gate)
        {
            _leases.Set(LeaseWord.Draining);
            while (_queue.Count > 0)
                ServeFirst(new Lease(LeaseOutcome.SentBack));
            return new LeaseFollowUp(_leases.TakeFreePermits(0), Drained: Word.Leases == 0);
        }
    }

    /// <summary>A caller who asked for the pool in order to open a connection is on its way: no eviction until it has its lease.</summary>
    public void Expect() => Interlocked.Increment(ref _expected);

    /// <summary>The caller has its lease, or has given up.</summary>
    public LeaseFollowUp Unexpect()
    {
        if (Interlocked.Decrement(ref _expected) > 0 || !Word.Has(LeaseWord.NotifyIdle))
            return default;
        lock (_gate)
            return Settle() with { Drained = false };
    }

    /// <summary>
    /// Begins eviction if, in the same instant, no lease is open. After true no lease can begin. With
    /// <paramref name="notify"/>, false means that the supervisor hears when the last lease ends.
    /// </summary>
    public bool TryBeginEviction(bool notify)
    {
        while (true)
        {
            var word = Word;
            if (word.IsDraining)
                return false;
            if (!IsInUse(word))
            {
                if (_leases.TrySwap(word, word.Bits | LeaseWord.Draining))
                    return true;
            }
            else if (!notify || word.Has(LeaseWord.NotifyIdle))
            {
                return false;
            }
            else if (_leases.TrySwap(word, word.Bits | LeaseWord.NotifyIdle) && IsInUse(word))
            {
                // Looked at twice: an expected caller that gave up before the flag was there did not tell.
                return false;
            }
        }
    }

    private bool IsInUse(LeaseWord word) => word.Leases > 0 || word.Has(LeaseWord.HasWaiters) || Volatile.Read(ref _expected) > 0;

    private bool MayTake(ServerShare share) => _permits.MayTake(share, Word, _queue.Count, clock.Milliseconds);

    private void WantPermits() => _permits.Want(Word, _queue.Count, clock.Milliseconds);

    private void ServeQueue()
    {
        while (_queue.Count > 0 && _leases.TryTakeFree() is { } bucket)
            ServeFirst(new Lease(LeaseOutcome.Leased, bucket));
    }

    private void ServeFirst(Lease lease)
    {
        var first = _queue.TakeFirst();
        LeftQueue();
        first.SetResult(lease);
    }

    private void LeftQueue()
    {
        server.RemoveWaiter();
        if (_queue.Count > 0)
            return;
        _leases.Clear(LeaseWord.HasWaiters);
        _permits.ReturnUnmatched();
    }

    private LeaseFollowUp Settle()
    {
        var word = Word;
        if (word.Leases > 0)
            return default;
        if (word.IsDraining)
            return new LeaseFollowUp(Drained: true);
        if (!word.Has(LeaseWord.NotifyIdle) || _queue.Count > 0 || Volatile.Read(ref _expected) > 0)
            return default;
        _leases.Clear(LeaseWord.NotifyIdle);
        return new LeaseFollowUp(WentIdle: true);
    }
}
