using HyperConn.Primitives;

namespace HyperConn.Servers;

/// <summary>What one <see cref="BudgetLedger.Settle"/> did that is worth a word.</summary>
/// <param name="Granted">Permits granted.</param>
/// <param name="AskedHolders">Holders asked to give back idle permits.</param>
/// <param name="AskedPermits">Permits they should give back.</param>
/// <param name="Unanswered">Earlier requests given up.</param>
/// <param name="Recovered">Whether a learned ceiling is gone.</param>
internal readonly record struct Settlement(int Granted, int AskedHolders, int AskedPermits, int Unanswered, bool Recovered);

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

    private readonly Dictionary<IPermitHolder, HolderAccount> _accounts = new(ReferenceEqualityComparer.Instance);
    private readonly WaitingHolders _waiting = new();
    private readonly List<HolderAccount> _stale = [];
    private readonly List<HolderAccount> _notNow = [];
    private readonly CoolingPermits _cooling;
    private readonly IdleReclaim _reclaim;
    private readonly BudgetLimit _limit;
    private readonly WantedPermits _wanted;

    private int _granted;
    private int _opening;
    private int _registered;
    private TimeSpan _topDue;
    private bool _short;
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
        _cooling = new CoolingPermits(_tuning.ReturnCooldown);
        _reclaim = new IdleReclaim(_tuning, _clock);
        _limit = new BudgetLimit(options, _tuning, random);
        _wanted = new WantedPermits(state, _tuning.ReclaimTimeout);
        state.OpenSlots = new OpenSlots(options.MaxConcurrentOpens);
        Publish();
    }

    public ServerState State => _state;

    public ServerOptions Options => _options;

    /// <summary>Time since the ledger was made.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>Permits out, over all holders.</summary>
    public int Granted => _granted;

    /// <summary>Opens in flight that grants paid for.</summary>
    public int Opening => _opening;

    /// <summary>Permits that came back a moment ago.</summary>
    public int Cooling => _cooling.Count;

    /// <summary>Holders the ledger knows that somebody waits at.</summary>
    public int Registered => _registered;

    public BudgetLimit Limit => _limit;

    /// <summary>Permits every holder may keep, whatever others need.</summary>
    public int Floor => _options.FloorPerTenant == 0 ? 0 : Math.Min(_options.FloorPerTenant, _limit.InForce / Math.Max(1, _accounts.Count));

    private int Reserve => Floor == 0 ? 0 : Math.Min(_options.Reserve, _limit.InForce - 1);

    public int HeldBy(IPermitHolder holder) => _accounts.TryGetValue(holder, out var account) ? account.Held : 0;

    public int OpensOf(IPermitHolder holder) => _accounts.TryGetValue(holder, out var account) ? account.Opening : 0;

    /// <summary>Somebody waits at the holder.</summary>
    public void Want(IPermitHolder holder)
    {
        var account = Account(holder);
        if (account.Registered)
            return;
        account.Registered = true;
        _registered++;
        _waiting.TakeTurn(account);
        Queue(account);
    }

    /// <summary>The holder gave permits back. Answers how many more than it held, which the ledger does not count.</summary>
    public int Returned(IPermitHolder holder, int count, bool answersReclaim)
    {
        if (!_accounts.TryGetValue(holder, out var account))
            return 0;
        var booked = Math.Clamp(count, 0, account.Held);
        if (answersReclaim)
        {
            _reclaim.Answered(account, booked);
            _reclaims += booked;
        }
        Release(account, booked, claimed: !answersReclaim);
        if (booked > 0 && !answersReclaim && account.Registered)
            YieldTurn(account);
        DropIfEmpty(account);
        return count - booked;
    }

    /// <summary>The holder has a lease no permit covers: one permit more is out, be there room or not.</summary>
    public void Overdrawn(IPermitHolder holder) => ChangeHeld(Account(holder), 1);

    /// <summary>An open that a grant paid for has ended.</summary>
    public void OpenEnded(IPermitHolder holder)
    {
        if (!_accounts.TryGetValue(holder, out var account) || account.Opening == 0)
            return;
        account.Opening--;
        _opening--;
        _state.OpenSlots.Release();
        Queue(account);
        DropIfEmpty(account);
    }

    /// <summary>The holder is gone: all it had is free.</summary>
    public void Closed(IPermitHolder holder)
    {
        if (!_accounts.TryGetValue(holder, out var account))
            return;
        Unregister(account);
        _reclaim.Forget(account);
        Release(account, account.Held, claimed: true);
        _opening -= account.Opening;
        _state.OpenSlots.Release(account.Opening);
        account.Opening = 0;
        DropIfEmpty(account);
    }

    /// <summary>The server answered 53300.</summary>
    public void Refused()
    {
        _refusals++;
        _limit.Refused(_granted, Now);
    }

    /// <summary>The server said how many connections it takes.</summary>

    /// <summary>The limit is declared anew; null: <c>auto</c>.</summary>
    public void Declare(int? maxConnections) => _limit.Declare(maxConnections);

    /// <summary>Decides upon everything booked so far and upon the time passed: grants, requests, wants.</summary>
    public Settlement Settle()
    {
        var now = Now;
        _cooling.Release(now);
        var unanswered = _reclaim.Expire(now);
        var recovered = _limit.Rise(now);
        var granted = Grant();
        var (holders, permits) = Seek(now);
        Publish();
        if (_registered > 0 && now >= _topDue)
        {
            _topDue = now + _tuning.TopInterval;
            _state.Top = TopHolders(3);
        }
        return new Settlement(granted, holders, permits, unanswered, recovered);
    }

    /// <summary>How soon <see cref="Settle"/> is needed though no message comes; null: not at all.</summary>
    public TimeSpan? NextDue()
    {
        TimeSpan? due = _limit.RisesAt;
        Sooner(_reclaim.GivesUpAt);
        if (_registered > 0)
        {
            Sooner(_cooling.ReadyAt);
            Sooner(_topDue);
        }
        var now = Now;
        if (_short)
            Sooner(now + (_tuning.RescanInterval * 2));
        if (_isAnyNotNow)
            Sooner(now + _tuning.NotNowInterval);
        return due is not { } at ? null : at > now ? at - now : TimeSpan.Zero;

        void Sooner(TimeSpan? at)
        {
            if (at < due || due is null)
                due = at;
        }
    }

    public ServerStatistics Statistics()
    {
        var (used, oldest) = (0, long.MaxValue);
        foreach (var account in _accounts.Values)
        {
            used += Math.Min(account.Held, account.Holder.Leases);
            oldest = Math.Min(oldest, account.Holder.WaitsSince ?? long.MaxValue);
        }
        return new ServerStatistics(
            _state.Endpoint,
            _limit.InForce == ServerOptions.Unlimited ? null : _limit.InForce,
            used,
            _granted - used,
            _state.Waiting,
            oldest == long.MaxValue ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Max(0, _clock.Milliseconds - oldest)),
            _state.OpenSlots.Taken,
            _reclaims,
            _refusals,
            _state.TimedOut,
            _accounts.Count);
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

    private int Grant()
    {
        var granted = 0;
        while (_waiting.First is { } account && IsFreeFor(account) && _state.OpenSlots.TryTake())
        {
            var answer = account.Holder.Offer();
            if (answer is PermitOffer.Declined or PermitOffer.NotNow or PermitOffer.Held)
                _state.OpenSlots.Release();
            if (answer == PermitOffer.Declined)
            {
                Unregister(account);
                DropIfEmpty(account);
                continue;
            }

            if (answer == PermitOffer.NotNow)
            {
                _waiting.Remove(account);
                _notNow.Add(account);
                continue;
            }

            granted++;
            if (answer != PermitOffer.Held)
            {
                _opening++;
                account.Opening++;
            }

            _waiting.Remove(account);
            _waiting.TakeTurn(account);
            if (answer != PermitOffer.TakenMore)
                Unregister(account);
            ChangeHeld(account, 1);
        }

        foreach (var account in _notNow)
            Queue(account);
        _isAnyNotNow = _notNow.Count > 0;
        _notNow.Clear();
        return granted;
    }

    private bool IsFreeFor(HolderAccount account) =>
        (long)_limit.InForce - _granted - _cooling.Count > (account.Held < Floor ? 0 : Reserve);

    private (int Holders, int Permits) Seek(TimeSpan now)
    {
        _wanted.Collect(now);
        _wanted.Expire(now);
        var (demand, round, least) = Survey();
        // Cooling permits are free soon: they count as found. Below zero: more is out than the limit allows.
        var free = (long)_limit.InForce - _granted - (demand > 0 && least >= Floor ? Reserve : 0);
        var (holders, permits) = _reclaim.Ask(demand - free - _wanted.Claimed - _reclaim.Expected, Floor, now);
        var wanted = Math.Max(0, round - free - _wanted.Claimed - _reclaim.Expected);
        if (wanted > 0)
        {
            var overdrawn = _granted > _limit.InForce;
            _wanted.Publish((int)Math.Min(wanted, _granted), Math.Max(Floor, overdrawn || least == 0 ? 0 : least + 1));
        }
        _short = demand - free - _reclaim.Expected > 0;
        return (holders, permits);
    }

    /// <summary>What the first in line need: permits they could use at once; how many have fewest, and how few that is.</summary>
    private (int Demand, int Round, int Least) Survey()
    {
        var enough = 4 * _options.MaxConcurrentOpens;
        var (demand, round, least) = (0, 0, int.MaxValue);
        if (_waiting.Count == 0)
            return (demand, round, least);
        foreach (var account in _waiting.InOrder)
        {
            if (demand >= enough)
                break;
            var waiters = account.Holder.Waiters;
            if (waiters == 0)
            {
                _stale.Add(account);
                continue;
            }
            demand += Math.Min(waiters, Math.Clamp(_maxPerTenant - account.Held, 1, account.Room(_tuning.SlowStart)));
            least = Math.Min(least, account.Held);
            if (account.Held == least)
                round++;
        }
        // All their waiters are gone without a permit having been at hand to offer.
        foreach (var account in _stale)
        {
            if (account.Holder.StillWants())
                continue;
            Unregister(account);
            DropIfEmpty(account);
        }
        _stale.Clear();
        return (Math.Min(demand, enough), round, least);
    }

    private HolderAccount Account(IPermitHolder holder)
    {
        if (!_accounts.TryGetValue(holder, out var account))
            _accounts.Add(holder, account = new HolderAccount(holder));
        return account;
    }

    /// <summary>Puts a registered account in line, unless its own opens in flight must end first.</summary>
    private void Queue(HolderAccount account)
    {
        if (account.Registered && !account.Queued && account.Room(_tuning.SlowStart) > 0)
            _waiting.Add(account);
    }

    /// <summary>Who has had a permit lines up again behind its equals: else a permit given up for others could come straight back.</summary>
    private void YieldTurn(HolderAccount account)
    {
        _waiting.Remove(account);
        _waiting.TakeTurn(account);
        Queue(account);
    }

    private void Unregister(HolderAccount account)
    {
        _waiting.Remove(account);
        if (account.Registered)
            _registered--;
        account.Registered = false;
    }

    private void Release(HolderAccount account, int count, bool claimed)
    {
        ChangeHeld(account, -count);
        _cooling.Add(count, Now);
        if (claimed)
            _wanted.Returned(count, Now);
    }

    private void ChangeHeld(HolderAccount account, int by)
    {
        _waiting.Remove(account);
        account.Held += by;
        _granted += by;
        _reclaim.HeldChanged(account);
        Queue(account);
    }

    private void DropIfEmpty(HolderAccount account)
    {
        if (account.IsEmpty)
            _accounts.Remove(account.Holder);
    }

    private void Publish()
    {
        _state.Limit = _limit.InForce;
        _state.Granted = _granted;
        _state.CapacityUnknown = _limit.CapacityUnknown;
    }
}
