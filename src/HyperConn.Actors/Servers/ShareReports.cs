namespace HyperConn.Servers;

/// <summary>Decides when a budget says what it has and needs: soon after a change, and not more often than others can follow.</summary>
internal sealed class ShareReports(NodeShare share, BudgetLedger ledger)
{
    /// <summary>Shortest time from one report to the next.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private (long Epoch, int Limit, int Held, int Waiting) _said = (-1, 0, 0, 0);
    private TimeSpan _nextAt = TimeSpan.MinValue;

    /// <summary>Reports if there is something new and it is time. Answers when to look again; null: when something changes.</summary>
    public TimeSpan? Consider()
    {
        var now = ledger.Now;
        var current = (share.Epoch, ledger.Limit.Allowed, ledger.Granted + ledger.Cooling, ledger.Demand);
        if (current == _said)
            return null;
        if (now < _nextAt)
            return _nextAt;
        (_said, _nextAt) = (current, now + Pause);
        Send();
        return null;
    }

    /// <summary>Reports what there is now, new or not.</summary>
    public void Send() => share.Report(new ServerNeed(
        ledger.State,
        share.Epoch,
        ledger.Limit.Allowed,
        ledger.Limit.IsKnown,
        ledger.Granted + ledger.Cooling,
        ledger.Accounts.InUse(),
        ledger.State.OpenSlots.Taken,
        Math.Min(ledger.Demand, Math.Max(0, ledger.Limit.OfServer - ledger.Granted))));
}
