namespace HyperConn.Servers;

/// <summary>
/// Who holds how many of one server's permits, and who is next in line for more. Not thread-safe: the ledger's.
/// </summary>
internal sealed class PermitAccounts(BudgetTuning tuning, CoolingPermits cooling, IdleReclaim reclaim, WantedPermits wanted)
{
    private readonly Dictionary<IPermitHolder, HolderAccount> _accounts = new(ReferenceEqualityComparer.Instance);
    private readonly WaitingHolders _waiting = new();

    /// <summary>Permits out, over all holders.</summary>
    public int Granted { get; private set; }

    /// <summary>Holders that somebody waits at.</summary>
    public int Registered { get; private set; }

    /// <summary>Holders that have permits, or wait.</summary>
    public int Count => _accounts.Count;

    public IEnumerable<HolderAccount> All => _accounts.Values;

    /// <summary>Who waits, in the order of grants.</summary>
    public WaitingHolders Waiting => _waiting;

    /// <summary>Permits under a lease.</summary>
    public int InUse() => _accounts.Values.Sum(account => Math.Min(account.Held, account.Holder.Leases));

    /// <summary>Since when the caller waits that has waited longest; null: nobody waits.</summary>
    public long? WaitsSince() => _accounts.Values.Min(account => account.Holder.WaitsSince);

    public HolderAccount? Find(IPermitHolder holder) => _accounts.GetValueOrDefault(holder);

    public HolderAccount FindOrAdd(IPermitHolder holder)
    {
        if (!_accounts.TryGetValue(holder, out var account))
            _accounts.Add(holder, account = new HolderAccount(holder));
        return account;
    }

    /// <summary>Somebody waits at the holder: it lines up.</summary>
    public void Register(IPermitHolder holder)
    {
        var account = FindOrAdd(holder);
        if (account.Registered)
            return;
        account.Registered = true;
        Registered++;
        _waiting.TakeTurn(account);
        LineUp(account);
    }

    public void Unregister(HolderAccount account)
    {
        _waiting.Remove(account);
        if (account.Registered)
            Registered--;
        account.Registered = false;
    }

    /// <summary>Puts a registered account in line, unless its own opens in flight must end first.</summary>
    public void LineUp(HolderAccount account)
    {
        if (account.Registered && !account.Queued && account.OpensLeft(tuning.SlowStart) > 0)
            _waiting.Add(account);
    }

    /// <summary>Who has had a permit lines up again behind its equals: else a permit given up for others could come straight back.</summary>
    public void YieldTurn(HolderAccount account)
    {
        _waiting.Remove(account);
        _waiting.TakeTurn(account);
        LineUp(account);
    }

    /// <summary>A permit goes to the first in line, who lines up again behind its equals.</summary>
    /// <param name="account">The first in line.</param>
    /// <param name="waitsOn">Whether it stays registered.</param>
    public void Grant(HolderAccount account, bool waitsOn)
    {
        _waiting.Remove(account);
        _waiting.TakeTurn(account);
        if (!waitsOn)
            Unregister(account);
        ChangeHeld(account, 1);
    }

    /// <summary>Permits came back: they cool for a while.</summary>
    /// <param name="account">Who had them.</param>
    /// <param name="count">How many.</param>
    /// <param name="claimed">Whether a lease that ended may have given them for others that wait.</param>
    /// <param name="now">The time.</param>
    public void Release(HolderAccount account, int count, bool claimed, TimeSpan now)
    {
        ChangeHeld(account, -count);
        cooling.Add(count, now);
        if (claimed)
            wanted.Returned(count, now);
    }

    public void ChangeHeld(HolderAccount account, int by)
    {
        _waiting.Remove(account);
        account.Held += by;
        Granted += by;
        reclaim.HeldChanged(account);
        LineUp(account);
    }

    public void DropIfEmpty(HolderAccount account)
    {
        if (account.IsEmpty)
            _accounts.Remove(account.Holder);
    }

    /// <summary>The tenants that hold most, most first.</summary>
    public IReadOnlyList<TenantPermits> TopHolders(int count)
    {
        var byTenant = new Dictionary<TenantKey, int>(_accounts.Count);
        foreach (var account in _accounts.Values)
        {
            if (account.Held > 0)
                byTenant[account.Holder.Tenant] = byTenant.GetValueOrDefault(account.Holder.Tenant) + account.Held;
        }
        var top = new PriorityQueue<TenantPermits, int>(count + 1);
        foreach (var (tenant, permits) in byTenant)
        {
            top.Enqueue(new TenantPermits(tenant, permits), permits);
            if (top.Count > count)
                top.Dequeue();
        }
        var result = new TenantPermits[top.Count];
        for (var place = result.Length - 1; place >= 0; place--)
            result[place] = top.Dequeue();
        return result;
    }
}
