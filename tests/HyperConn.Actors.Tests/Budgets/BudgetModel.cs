using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

/// <summary>
/// The rules told again, as simply as they can be: lists instead of heaps, looked through from end to end. Checks every
/// offer and every reclaim at the moment it happens, and the books after every step.
/// </summary>
internal class BudgetModel : SimulatedServer
{
    // Registered holders, whose turn is longest ago first.
    private readonly List<FakeHolder> _line = [];
    private readonly Dictionary<FakeHolder, (int Expected, TimeSpan Until)> _asked = [];
    private readonly Dictionary<FakeHolder, long> _disappointed = [];
    private string? _fault;

    public BudgetModel(ServerOptions options, BudgetTuning tuning, TimeProvider? time = null)
        : base(options, tuning, time)
    {
        for (var i = 0; i < 5; i++)
            Pool($"o{i}");
    }

    /// <summary>Whether the ledger looks at the clock exactly when the model does.</summary>
    protected virtual bool KnowsWhenReclaimsAreGivenUp => true;

    public override void Offered(FakeHolder holder, bool taken)
    {
        base.Offered(holder, taken);
        var ledger = Ledger;
        Check(ledger.Granted + ledger.Cooling < ledger.Limit.InForce, $"offer over the limit: {ledger.Granted}+{ledger.Cooling} of {ledger.Limit.InForce}");
        Check(ledger.Opening < Options.MaxConcurrentOpens, "more opens in flight than allowed");
        Check(!holder.Dead || !taken, "a dead pool took a permit");

        var eligible = _line.Where(h => ledger.OpensOf(h) < Math.Max(1, ledger.HeldBy(h) - ledger.OpensOf(h))).ToList();
        var fewest = eligible.Min(ledger.HeldBy);
        var first = eligible.First(h => ledger.HeldBy(h) == fewest);
        Check(ReferenceEquals(first, holder), $"{holder} was offered a permit before {first}");
        if (fewest >= ledger.Floor && ledger.Floor > 0)
            Check(ledger.Limit.InForce - ledger.Granted - ledger.Cooling > Math.Min(Options.Reserve, ledger.Limit.InForce - 1), "the reserve went to a tenant at its floor");

        _line.Remove(holder);
        // The fake decides what it answers after this call.
        if (taken && holder.WouldTakeMore)
            _line.Add(holder);
    }

    public override void Withdrawn(FakeHolder holder)
    {
        Check(_line.Remove(holder), $"{holder} was asked whether it still wants though it is not registered");
    }

    public override void Reclaiming(FakeHolder holder, int keep)
    {
        base.Reclaiming(holder, keep);
        Check(!KnowsWhenReclaimsAreGivenUp || !_asked.ContainsKey(holder), $"{holder} was asked again before it answered");
        Check(keep == Ledger.Floor, "a floor was forgotten");
        Check(Idle(holder) > 0, $"{holder} was asked though it has nothing to give");
        if (Options.FloorPerTenant == 0 && KnowsWhenReclaimsAreGivenUp)
        {
            foreach (var other in Holders.Where(h => h != holder && !_asked.ContainsKey(h) && Idle(h) > 0 && h.Waiters == 0))
            {
                var before = other.Leases == 0 && (holder.Leases > 0 || Age(other) < Age(holder));
                Check(!before && !(other.Leases > 0 && holder.Leases > 0 && Age(other) < Age(holder)), $"{holder} was asked before {other}");
            }
        }
        _asked[holder] = (Idle(holder), Ledger.Now + Tuning.ReclaimTimeout);
    }

    /// <summary>What must hold whenever no message is being handled.</summary>
    public void CheckBooks()
    {
        Check(_fault is null, _fault!);
        var ledger = Ledger;
        Check(ledger.Granted == Holders.Sum(ledger.HeldBy), "permits out differ from the sum of what holders have");
        Check(ledger.Opening == Holders.Sum(ledger.OpensOf), "opens in flight differ from the sum of the holders'");
        Check(ledger.Opening <= Options.MaxConcurrentOpens, "more opens in flight than allowed");
        Check(ledger.Registered == _line.Count, $"{ledger.Registered} registered, {_line.Count} in line");
        foreach (var holder in Holders)
        {
            var onTheWay = Mailbox.OfType<PermitsReturned>().Where(m => m.Holder == holder).Sum(m => m.Count);
            var overdrawn = Mailbox.OfType<PermitOverdrawn>().Count(m => m.Holder == holder);
            if (!holder.Dead)
                Check(ledger.HeldBy(holder) == holder.Permits + onTheWay - overdrawn, $"{holder} counts other permits than the ledger's {ledger.HeldBy(holder)}");
            var wanted = Mailbox.OfType<PermitWanted>().Any(m => m.Holder == holder);
            if (!holder.Dead)
                Check(holder.Registered == (_line.Contains(holder) || wanted), $"{holder} and the ledger disagree whether it is registered");
        }
        if (Mailbox.Count == 0)
            Check(!_line.Any(CanHaveOneNow), "somebody waits though a permit is free");
    }

    /// <summary>Lets everything end that runs. Everyone must be served, and nothing lost.</summary>
    public void CheckThatAllEndWell()
    {
        Slow = false;
        while (DeliverOne())
        {
        }
        // Each round ends what runs. One round serves at least one caller, unless opens or ceilings need another to settle.
        for (var rounds = 20 + (4 * Holders.Sum(h => h.Waiters)); rounds > 0 && Holders.Exists(h => h.Waiters > 0 || h.Leases > 0); rounds--)
        {
            foreach (var holder in Holders)
            {
                while (holder.Opens > 0)
                    holder.EndOpen();
                while (holder.Reclaims.Count > 0)
                    holder.AnswerReclaim();
                for (var leases = holder.Leases; leases > 0; leases--)
                    holder.EndLease();
            }
            Advance(Tuning.ReturnCooldown + TimeSpan.FromMilliseconds(20));
            CheckBooks();
        }
        Check(Holders.TrueForAll(h => h.Waiters == 0), $"never served: {string.Join(' ', Holders.Where(h => h.Waiters > 0))}");
        Check(Holders.TrueForAll(h => h.Leases == 0), "leases are left");
        Advance(Tuning.ReclaimTimeout * 2);
        foreach (var holder in Holders)
        {
            while (holder.Reclaims.Count > 0)
                holder.AnswerReclaim();
        }
        Advance(Tuning.ReclaimTimeout * 2);
        // A budget at rest has no timer; a message that says nothing new makes it look at the clock.
        Tell(new OpenEnded(Holders[0]));
        CheckBooks();
        Check(Ledger.Granted == Holders.Sum(h => h.Permits), "a permit was lost");
        Check(Ledger.Granted == Ledger.Statistics().IdleHeld, "a permit is neither free nor idle");
        Check((Ledger.Opening, Ledger.Cooling, Ledger.Registered, State.Wanted) == (0, 0, 0, 0), "something is left over");
        Check(Ledger.Granted <= Ledger.Limit.InForce, "more is out than the limit allows, though all of it is idle");
        foreach (var holder in Holders)
            holder.Die();
        Check((Ledger.Granted, Ledger.Statistics().Pools) == (0, 0), "a dead pool holds something");
    }

    protected override void Receive(IServerBudgetMessage message)
    {
        Note(message);
        Handle(message);
    }

    protected virtual void Handle(IServerBudgetMessage message) => base.Receive(message);

    private void Note(IServerBudgetMessage message)
    {
        switch (message)
        {
            case PermitWanted { Holder: FakeHolder holder } when !_line.Contains(holder):
                _line.Add(holder);
                break;
            case PermitsReturned { Holder: FakeHolder holder } returned:
                var held = Ledger.HeldBy(holder) - returned.Count;
                if (returned is { AnswersReclaim: false, Count: > 0 } && _line.Remove(holder))
                    _line.Add(holder);
                if (!_asked.TryGetValue(holder, out var asked))
                    break;
                if (!returned.AnswersReclaim)
                {
                    _asked[holder] = asked with { Expected = Math.Min(asked.Expected, held) };
                    break;
                }
                if (returned.Count < asked.Expected)
                    _disappointed[holder] = Clock.Milliseconds;
                _asked.Remove(holder);
                break;
            case HolderClosed { Holder: FakeHolder holder }:
                _line.Remove(holder);
                _asked.Remove(holder);
                _disappointed.Remove(holder);
                break;
        }
    }

    /// <summary>Gives up reclaims whose time is over, as the ledger does when it next looks at the clock.</summary>
    protected override void TimeMoved()
    {
        foreach (var (holder, (_, until)) in _asked.ToList())
        {
            if (until > Ledger.Now)
                continue;
            _asked.Remove(holder);
            _disappointed[holder] = Clock.Milliseconds;
        }
    }

    /// <summary>Kept, because an actor survives what is thrown into it.</summary>
    private void Check(bool holds, string fault)
    {
        if (!holds)
            throw new Xunit.Sdk.XunitException(_fault ??= fault);
    }

    private int Idle(FakeHolder holder) => Ledger.HeldBy(holder) - Math.Max(holder.Leases, Ledger.Floor);

    private long Age(FakeHolder holder) => Math.Max(holder.LastUsed, _disappointed.GetValueOrDefault(holder));

    private bool CanHaveOneNow(FakeHolder holder) =>
        holder.WouldTake
        && Ledger.OpensOf(holder) < Math.Max(1, Ledger.HeldBy(holder) - Ledger.OpensOf(holder))
        && Ledger.Opening < Options.MaxConcurrentOpens
        && Ledger.Limit.InForce - Ledger.Granted - Ledger.Cooling > (Ledger.HeldBy(holder) < Ledger.Floor ? 0 : Options.Reserve);
}
