using HyperConn.Primitives;

namespace HyperConn.Servers;

/// <summary>
/// Asks holders for permits no lease covers, least recently used first, and keeps account of what is promised. Not thread-safe.
/// </summary>
internal sealed class IdleReclaim(BudgetTuning tuning, CoarseClock clock)
{
    // Filing under a newer use is cheap beside looking at leases, and paid for by the use.
    private const int RefilesPerLook = 16;

    private readonly LruHeap<HolderAccount> _byUse = new();
    private readonly Queue<(HolderAccount Account, TimeSpan Until)> _outstanding = new();
    private readonly List<(HolderAccount Account, long Used)> _looked = [];
    private readonly List<(HolderAccount Account, int Idle, long Used)> _partlyIdle = [];

    private TimeSpan _restUntil = TimeSpan.MinValue;

    /// <summary>Permits outstanding requests should bring.</summary>
    public int Expected { get; private set; }

    /// <summary>When the oldest outstanding request is given up.</summary>
    public TimeSpan? GivesUpAt => _outstanding.TryPeek(out var first) ? first.Until : null;

    /// <summary>Follows a change of the permits an account holds.</summary>
    public void HeldChanged(HolderAccount account)
    {
        if (account.Held == 0)
            _byUse.Remove(account);
        else if (!_byUse.Contains(account))
            _byUse.Set(account, account.Holder.LastUsed);
        Expect(account, Math.Min(account.Expected, account.Held));
    }

    /// <summary>The account's answer has come, with <paramref name="count"/> permits.</summary>
    public void Answered(HolderAccount account, int count)
    {
        if (account.Asked && count < account.Expected)
            account.GaveTooLittleAt = clock.Milliseconds;
        Forget(account);
    }

    /// <summary>The account is gone, or its answer is no longer waited for.</summary>
    public void Forget(HolderAccount account)
    {
        Expect(account, 0);
        account.Asked = false;
        DropSettled();
    }

    /// <summary>Gives up requests that were not answered in time. Answers how many.</summary>
    public int Expire(TimeSpan now)
    {
        var expired = 0;
        while (_outstanding.TryPeek(out var first) && first.Until <= now)
        {
            var account = first.Account;
            _outstanding.Dequeue();
            // An account that answered and was asked again has a later entry of its own.
            if (!account.Asked || account.AskedUntil != first.Until)
                continue;
            expired++;
            account.GaveTooLittleAt = clock.Milliseconds;
            Forget(account);
        }
        return expired;
    }

    /// <summary>Asks for permits until <paramref name="needed"/> are promised or no holder has any idle.</summary>
    /// <param name="needed">Permits needed beyond those expected already.</param>
    /// <param name="keep">Permits every holder may keep.</param>
    /// <param name="now">The time.</param>
    /// <returns>Holders asked and permits they should bring.</returns>
    /// <remarks>Holders without any lease come first; those that use a part of their permits only when there are no others.</remarks>
    public (int Holders, int Permits) Ask(long needed, int keep, TimeSpan now)
    {
        if (needed <= 0 || now < _restUntil)
            return default;
        var (holders, permits) = (0, 0);
        var present = clock.Milliseconds;
        var filings = RefilesPerLook * tuning.ScanLength;
        while (_looked.Count < tuning.ScanLength && permits < needed && _byUse.TryPeek(out var account, out var seen))
        {
            var used = Math.Max(account.Holder.LastUsed, account.GaveTooLittleAt);
            if (used > seen && filings-- > 0)
            {
                _byUse.Set(account, used);
                continue;
            }
            if (filings < 0)
                break;
            _byUse.Remove(account);
            var leases = account.Holder.Leases;
            var idle = account.Held - Math.Max(leases, keep);
            if (account.Asked || (idle > 0 && leases == 0 && account.Holder.Waiters > 0))
            {
                // Something of it is on its way already, here or there.
                _looked.Add((account, used));
            }
            else if (idle <= 0 || account.Holder.Waiters > 0)
            {
                // In use, or entitled to what it has: filed as used now, so that the next look begins with others.
                _looked.Add((account, Math.Max(used, present)));
            }
            else if (leases > 0)
            {
                _partlyIdle.Add((account, idle, used));
                _looked.Add((account, Math.Max(used, present)));
            }
            else
            {
                _looked.Add((account, used));
                Ask(account, idle, keep, now);
                holders++;
                permits += idle;
            }
        }
        _partlyIdle.Sort(static (a, b) => a.Used.CompareTo(b.Used));
        foreach (var (account, idle, _) in _partlyIdle)
        {
            if (permits >= needed)
                break;
            Ask(account, idle, keep, now);
            holders++;
            permits += idle;
        }
        if (permits < needed)
            _restUntil = now + tuning.RescanInterval;
        foreach (var (account, used) in _looked)
            _byUse.Set(account, used);
        _looked.Clear();
        _partlyIdle.Clear();
        return (holders, permits);
    }

    private void Ask(HolderAccount account, int idle, int keep, TimeSpan now)
    {
        account.Asked = true;
        account.AskedUntil = now + tuning.ReclaimTimeout;
        _outstanding.Enqueue((account, account.AskedUntil));
        Expect(account, idle);
        account.Holder.Reclaim(keep);
    }

    private void Expect(HolderAccount account, int permits)
    {
        Expected += permits - account.Expected;
        account.Expected = permits;
    }

    private void DropSettled()
    {
        while (_outstanding.TryPeek(out var first) && (!first.Account.Asked || first.Account.AskedUntil != first.Until))
            _outstanding.Dequeue();
    }
}
