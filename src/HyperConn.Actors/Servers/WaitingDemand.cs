namespace HyperConn.Servers;

/// <summary>What the first in line need.</summary>
/// <param name="Demand">Permits they could use at once.</param>
/// <param name="Round">How many of them have fewest.</param>
/// <param name="Fewest">How few that is.</param>
internal readonly record struct WaitingDemand(int Demand, int Round, int Fewest)
{
    /// <summary>Looks at the line, and lets those go whose waiters have all gone.</summary>
    public static WaitingDemand Measure(PermitAccounts accounts, BudgetTuning tuning, int maxOpens, int maxPerTenant)
    {
        var enough = 4 * maxOpens;
        List<HolderAccount>? stale = null;
        var (demand, round, fewest) = (0, 0, int.MaxValue);
        if (accounts.Waiting.Count == 0)
            return new WaitingDemand(demand, round, fewest);
        foreach (var account in accounts.Waiting.InOrder)
        {
            if (demand >= enough)
                break;
            var waiters = account.Holder.Waiters;
            if (waiters == 0)
            {
                (stale ??= []).Add(account);
                continue;
            }
            demand += Math.Min(waiters, Math.Clamp(maxPerTenant - account.Held, 1, account.OpensLeft(tuning.SlowStart)));
            fewest = Math.Min(fewest, account.Held);
            if (account.Held == fewest)
                round++;
        }
        // All their waiters are gone without a permit having been at hand to offer.
        foreach (var account in stale ?? [])
        {
            if (account.Holder.StillWants())
                continue;
            accounts.Unregister(account);
            accounts.DropIfEmpty(account);
        }
        return new WaitingDemand(Math.Min(demand, enough), round, fewest);
    }
}
