using HyperConn.Primitives;

namespace HyperConn.Servers;

/// <summary>
/// Who holds how many of one server's permits, who is next, and whom to ask for more. Not thread-safe: the budget's actor owns it.
/// </summary>
/// <remarks>
/// Messages are booked first and decided upon once, in <see cref="Settle"/>. The rules:
/// <list type="number">
/// <item>A permit is granted only while permits out and permits cooling (<see cref="BudgetTuning.ReturnCooldown"/>) are below the limit in
/// force, and while a slot is free (<see cref="OpenSlots"/>).</item>
/// <item>It goes to the waiting holder with the fewest permits; among equals, to the one whose turn is longest ago. A holder is one
/// generation of a tenant's pool: after a rotation the new one starts at zero and so gets its first permit soon.</item>
/// <item>The reserve goes to holders below their floor only. Where the floors of all don't fit into the limit, each has its equal share
/// for a floor.</item>
/// <item>What waiting holders need and is not free is asked for where it is idle (<see cref="IdleReclaim"/>). What is not idle either
/// is wanted of leases that end (<see cref="ServerState.Want"/>), one permit a round for each holder that has fewest, and only of holders
/// that have clearly more: so permits even out, and equals don't pass one permit to and fro.</item>
/// <item>Nobody is asked for more at once than a few rounds of opens can use.</item>
/// </list>
/// </remarks>
internal sealed class BudgetLedger
{
    private readonly ServerState _state;
    private readonly ServerOptions _options;
    private readonly BudgetTuning _tuning;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly CoarseClock _clock;
    private readonly int _maxPerTenant;

    private readonly PermitAccounts _accounts;
    private readonly List<HolderAccount> _notNow = [];
    private readonly CoolingPermits _cooling;
    private readonly IdleReclaim _reclaim;
    private readonly BudgetLimit _limit;
    private readonly WantedPermits _wanted;
    private readonly NodeShare? _share;

    private int _opening;
    private TimeSpan _topDue;
    private bool _isShort;
    private bool _isAnyNotNow;
    private long _reclaims;
    private long _refusals;

    public BudgetLedger(
        ServerState state, ServerOptions options, int maxPerTenant, TimeProvider time, Random random, BudgetTuning? tuning = null)
    {
        _state = state;
        _options = options;
        _maxPerTenant = maxPerTenant;
        _time = time;
        _tuning = tuning ?? BudgetTuning.Default;
        _origin = time.GetTimestamp();
        _clock = new CoarseClock(time);
        _cooling = new CoolingPermits(_tuning, state.Pace);
        _reclaim = new IdleReclaim(_tuning, _clock);
        _limit = new BudgetLimit(options, _tuning, random);
        _wanted = new WantedPermits(state, _tuning.ReclaimTimeout);
        _accounts = new PermitAccounts(_tuning, _cooling, _reclaim, _wanted);
        _share = state.Share;
        if (_share is not null)
            _limit.Share(_share.Permits);
        state.OpenSlots = new OpenSlots(options.MaxConcurrentOpens);
        Publish();
    }

    public ServerState State => _state;

    public ServerOptions Options => _options;

    /// <summary>Time since the ledger was made.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>Permits out, over all holders.</summary>
    public int Granted => _accounts.Granted;

    /// <summary>Opens in flight that grants paid for.</summary>
    public int Opening => _opening;

    /// <summary>Permits that came back a moment ago.</summary>
    public int Cooling => _cooling.Count;

    /// <summary>Permits that those who wait could use at once, as last seen.</summary>
    public int Demand { get; private set; }

    /// <summary>Holders the ledger knows that somebody waits at.</summary>
    public int Registered => _accounts.Registered;

    public BudgetLimit Limit => _limit;

    /// <summary>Who holds what.</summary>
    public PermitAccounts Accounts => _accounts;

    /// <summary>Permits every holder may keep, whatever others need.</summary>
    public int Floor => _options.FloorPerTenant == 0 ? 0 : Math.Min(_options.FloorPerTenant, _limit.InForce / Math.Max(1, _accounts.Count));

    private int Reserve => Floor == 0 ? 0 : Math.Min(_options.Reserve, _limit.InForce - 1);

    public int HeldBy(IPermitHolder holder) => _accounts.Find(holder)?.Held ?? 0;

    public int OpensOf(IPermitHolder holder) => _accounts.Find(holder)?.Opening ?? 0;

    /// <summary>Somebody waits at the holder.</summary>
    public void Want(IPermitHolder holder) => _accounts.Register(holder);

    /// <summary>The holder gave permits back. Answers how many more than it held, which the ledger does not count.</summary>
    public int Returned(IPermitHolder holder, int count, bool answersReclaim)
    {
        if (_accounts.Find(holder) is not { } account)
            return 0;
        var booked = Math.Clamp(count, 0, account.Held);
        if (answersReclaim)
        {
            _reclaim.Answered(account, booked);
            _reclaims += booked;
        }
        _accounts.Release(account, booked, claimed: !answersReclaim, Now);
        if (booked > 0 && !answersReclaim && account.Registered)
            _accounts.YieldTurn(account);
        _accounts.DropIfEmpty(account);
        return count - booked;
    }

    /// <summary>The holder has a lease no permit covers: one permit more is out, whether there is room or not.</summary>
    public void Overdrawn(IPermitHolder holder) => _accounts.ChangeHeld(_accounts.FindOrAdd(holder), 1);

    /// <summary>An open that a grant paid for has ended.</summary>
    public void OpenEnded(IPermitHolder holder)
    {
        if (_accounts.Find(holder) is not { Opening: > 0 } account)
            return;
        account.Opening--;
        _opening--;
        _state.OpenSlots.Release();
        _accounts.LineUp(account);
        _accounts.DropIfEmpty(account);
    }

    /// <summary>The holder is gone: all it had is free.</summary>
    public void Closed(IPermitHolder holder)
    {
        if (_accounts.Find(holder) is not { } account)
            return;
        _accounts.Unregister(account);
        _reclaim.Forget(account);
        _accounts.Release(account, account.Held, claimed: true, Now);
        _opening -= account.Opening;
        _state.OpenSlots.Release(account.Opening);
        account.Opening = 0;
        _accounts.DropIfEmpty(account);
    }

    /// <summary>What this process may use of the server has changed, or holds for longer.</summary>
    public void Share(ShareGiven given)
    {
        if (_share is { } share && share.Take(given))
            _limit.Share(share.Permits);
    }

    /// <summary>The server answered 53300.</summary>
    public void Refused()
    {
        _refusals++;
        _limit.Refused(_accounts.Granted, Now);
    }

    /// <summary>Decides upon everything booked so far and upon the time passed: grants, requests, wants.</summary>
    public Settlement Settle()
    {
        var now = Now;
        _cooling.Release(now);
        var unanswered = _reclaim.Expire(now);
        var recovered = _limit.Rise(now);
        var granted = Grant();
        var (holders, permits) = AskForMore(now);
        Publish();
        if (_accounts.Registered > 0 && now >= _topDue)
        {
            _topDue = now + _tuning.TopInterval;
            _state.Top = _accounts.TopHolders(3);
        }
        return new Settlement(granted, holders, permits, unanswered, recovered);
    }

    /// <summary>How soon <see cref="Settle"/> is needed though no message comes; null: not at all.</summary>
    public TimeSpan? NextDue()
    {
        TimeSpan? due = _limit.RisesAt;
        AtLatest(_reclaim.GivesUpAt);
        if (_accounts.Registered > 0)
        {
            AtLatest(_cooling.ReadyAt);
            AtLatest(_topDue);
        }
        var now = Now;
        if (_isShort)
            AtLatest(now + (_tuning.RescanInterval * 2));
        if (_isAnyNotNow)
            AtLatest(now + _tuning.NotNowInterval);
        return due is not { } at ? null : at > now ? at - now : TimeSpan.Zero;

        void AtLatest(TimeSpan? at)
        {
            if (at < due || due is null)
                due = at;
        }
    }

    public ServerStatistics Statistics()
    {
        var (used, oldest) = (_accounts.InUse(), _accounts.WaitsSince());
        return new ServerStatistics(
            _state.Endpoint,
            _limit.InForce == ServerOptions.Unlimited ? null : _limit.InForce,
            used,
            _accounts.Granted - used,
            _state.Waiting,
            oldest is { } since ? TimeSpan.FromMilliseconds(Math.Max(0, _clock.Milliseconds - since)) : TimeSpan.Zero,
            _state.OpenSlots.Taken,
            _reclaims,
            _refusals,
            _state.TimedOut,
            _accounts.Count);
    }

    private int Grant()
    {
        var granted = 0;
        if (_share is { IsValid: false })
            return granted;
        while (_accounts.Waiting.First is { } account && IsFreeFor(account) && _state.OpenSlots.TryTake())
        {
            var answer = account.Holder.Offer();
            if (answer is PermitOffer.Declined or PermitOffer.NotNow or PermitOffer.Parked)
                _state.OpenSlots.Release();
            if (answer == PermitOffer.Declined)
            {
                _accounts.Unregister(account);
                _accounts.DropIfEmpty(account);
                continue;
            }

            if (answer == PermitOffer.NotNow)
            {
                _accounts.Waiting.Remove(account);
                _notNow.Add(account);
                continue;
            }

            granted++;
            if (answer != PermitOffer.Parked)
            {
                _opening++;
                account.Opening++;
            }

            _accounts.Grant(account, waitsOn: answer == PermitOffer.TakenMore);
        }

        foreach (var account in _notNow)
            _accounts.LineUp(account);
        _isAnyNotNow = _notNow.Count > 0;
        _notNow.Clear();
        return granted;
    }

    private bool IsFreeFor(HolderAccount account) =>
        (long)_limit.InForce - _accounts.Granted - _cooling.Count > (account.Held < Floor ? 0 : Reserve);

    private (int Holders, int Permits) AskForMore(TimeSpan now)
    {
        _wanted.Collect(now);
        _wanted.Expire(now);
        var (demand, round, fewest) = WaitingDemand.Measure(_accounts, _tuning, _options.MaxConcurrentOpens, _maxPerTenant);
        Demand = demand;
        // Cooling permits are free soon: they count as found. Below zero: more is out than the limit allows.
        var free = (long)_limit.InForce - _accounts.Granted - (demand > 0 && fewest >= Floor ? Reserve : 0);
        var (holders, permits) = _reclaim.Ask(demand - free - _wanted.Claimed - _reclaim.Expected, Floor, now);
        var wanted = Math.Max(0, round - free - _wanted.Claimed - _reclaim.Expected);
        if (wanted > 0)
        {
            var overdrawn = _accounts.Granted > _limit.InForce;
            _wanted.Publish((int)Math.Min(wanted, _accounts.Granted), Math.Max(Floor, overdrawn || fewest == 0 ? 0 : fewest + 1));
        }
        _isShort = demand - free - _reclaim.Expected > 0;
        return (holders, permits);
    }

    private void Publish()
    {
        _state.Limit = _limit.InForce;
        _state.Granted = _accounts.Granted;
        _state.CapacityUnknown = _limit.CapacityUnknown;
    }
}
