namespace HyperConn.Leases;

/// <summary>The callers that wait for a lease of one generation, first come, first served. Not thread-safe but for <see cref="Count"/>.</summary>
internal sealed class LeaseQueue
{
    private LeaseWaiter? _first;
    private LeaseWaiter? _last;
    private int _count;
    private int _servedInTurn;

    public int Count => Volatile.Read(ref _count);

    /// <summary>When the caller that has waited longest began; null: nobody waits.</summary>
    public long? WaitsSince => _first?.Since;

    public void Add(LeaseWaiter waiter)
    {
        waiter.Before = _last;
        if (_last is null)
            _first = waiter;
        else
            _last.Next = waiter;
        _last = waiter;
        waiter.IsQueued = true;
        _count++;
    }

    /// <summary>Takes the first caller out, whom the lease goes to.</summary>
    public LeaseWaiter TakeFirst()
    {
        var first = _first ?? throw new InvalidOperationException("Nobody waits.");
        Remove(first);
        return first;
    }

    /// <summary>Takes a caller out that waits no more; false: it is out already.</summary>
    public bool Remove(LeaseWaiter waiter)
    {
        if (!waiter.IsQueued)
            return false;
        waiter.IsQueued = false;
        if (waiter.Before is null)
            _first = waiter.Next;
        else
            waiter.Before.Next = waiter.Next;
        if (waiter.Next is null)
            _last = waiter.Before;
        else
            waiter.Next.Before = waiter.Before;
        (waiter.Before, waiter.Next) = (null, null);
        _count--;
        return true;
    }

    /// <summary>A permit came from the budget: the tenant's turn begins anew.</summary>
    public void BeginTurn() => _servedInTurn = 0;

    /// <summary>Counts a lease that may go to the next caller; true: the tenant has had its turn, and others may want the permit.</summary>
    public bool IsTurnOver(int quantum) => ++_servedInTurn > quantum;
}
