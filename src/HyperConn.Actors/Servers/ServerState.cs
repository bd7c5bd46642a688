using Akka.Actor;

namespace HyperConn.Servers;

/// <summary>Permits of one tenant on one server.</summary>
internal readonly record struct TenantPermits(TenantKey Tenant, int Permits);

/// <summary>
/// What pools and their callers share with one server's budget without a message: how much is wanted, who waits, and counters.
/// </summary>
internal sealed class ServerState(ServerEndpoint endpoint, TimeProvider? time = null)
{
    private const long ReportEvery = 10_000;

    private int _wanted;
    private int _keep;
    private int _waiting;
    private int _limit;
    private int _granted;
    private int _reading;
    private long _timedOut;
    private long _timedOutReportedAt;
    private volatile bool _capacityUnknown;
    private volatile bool _looked;
    private volatile ServerKind _kind;
    private volatile IReadOnlyList<TenantPermits> _top = [];

    public ServerEndpoint Endpoint { get; } = endpoint;

    /// <summary>The endpoint for people; one text for all tenants of the server.</summary>
    public string Name { get; } = endpoint.ToString();

    /// <summary>How the actor is made, with its ledger in it: an actor that takes over after a crash forgets no permit.</summary>
    public Props? BudgetProps { get; set; }

    /// <summary>Room for connections being opened at once. Set by the budget's ledger, before the state is shared.</summary>
    public OpenSlots OpenSlots { get; set; } = new(new ServerOptions().MaxConcurrentOpens);

    /// <summary>How long opens take lately; told by whoever opens, read by the budget.</summary>
    public OpenPace Pace { get; } = new();

    /// <summary>One at a time ends sessions by a connection of its own, beside those that have permits.</summary>
    public SemaphoreSlim EndingSessions { get; } = new(1);

    /// <summary>Whether the server is there.</summary>
    public ServerHealth Health { get; } = new(time ?? TimeProvider.System);

    /// <summary>What of the server is this process's, where several share it; null: all of it. Set before the budget is made.</summary>
    public NodeShare? Share { get; set; }

    /// <summary>Whether a connection may be opened on a permit that is out: not while more are out than this process's share allows.</summary>
    public bool MayOpen => Share is not { } share || (share.IsValid && Granted <= Limit);

    /// <summary>The budget's actor. Set once, before the state is shared.</summary>
    public IActorRef Budget { get; set; } = ActorRefs.Nobody;

    /// <summary>Limit in force (<see cref="ServerOptions.Unlimited"/>: none); written by the budget, read for messages and statistics.</summary>
    public int Limit { get => Volatile.Read(ref _limit); set => Volatile.Write(ref _limit, value); }

    /// <summary>Permits held by all tenants; written by the budget, for messages.</summary>
    public int Granted { get => Volatile.Read(ref _granted); set => Volatile.Write(ref _granted, value); }

    /// <summary>The tenants that held most permits a moment ago, while callers wait; written by the budget, for messages.</summary>
    public IReadOnlyList<TenantPermits> Top { get => _top; set => _top = value; }

    /// <summary>Callers waiting on this server, over all tenants.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Callers whose deadline passed while they waited, since start.</summary>
    public long TimedOut => Volatile.Read(ref _timedOut);

    /// <summary>Permits other tenants wait for and the budget can't find idle: the next leases that end should give theirs back.</summary>
    public int Wanted => Volatile.Read(ref _wanted);

    /// <summary>Whether the server's capacity is still to be read from it: no connection yet, and the limit isn't <c>unlimited</c>.</summary>
    public bool CapacityUnknown { get => _capacityUnknown; set => _capacityUnknown = value; }

    /// <summary>What stands at the endpoint, by what its sessions have said.</summary>
    public ServerKind Kind { get => _kind; set => _kind = value; }

    /// <summary>Whether a session is to be asked what stands here and how much it takes.</summary>
    public bool NeedsLook => !_looked || _capacityUnknown;

    /// <summary>It was away: something else may have come back.</summary>
    public void LookAgain() => _looked = false;

    /// <summary>Claims the one query that looks; false: another caller has it.</summary>
    public bool TryClaimLook() => Interlocked.Exchange(ref _reading, 1) == 0;

    /// <summary>The query has ended.</summary>
    /// <param name="answered">Whether it told something.</param>
    public void LookEnded(bool answered)
    {
        if (answered)
            _looked = true;
        Volatile.Write(ref _reading, 0);
    }

    /// <summary>Sets how many permits ending leases should give back, and up to how many permits a holder need give none. Budget only.</summary>
    public void Want(int permits, int keep = 0)
    {
        Volatile.Write(ref _keep, keep);
        Volatile.Write(ref _wanted, permits);
    }

    /// <summary>Takes the want back and answers what of it nobody had claimed. Budget only.</summary>
    public int WithdrawWant() => Interlocked.Exchange(ref _wanted, 0);

    /// <summary>
    /// Claims the duty to give one permit back; true for as many callers as permits are wanted. Who claims must follow with
    /// <see cref="PermitsReturned"/>.
    /// </summary>
    /// <param name="permitsHeld">Permits the caller's holder has: who has no more than those that wait keeps what it has.</param>
    public bool TryClaimWanted(int permitsHeld = int.MaxValue)
    {
        while (true)
        {
            var wanted = Volatile.Read(ref _wanted);
            if (wanted <= 0 || permitsHeld <= Volatile.Read(ref _keep))
                return false;
            if (Interlocked.CompareExchange(ref _wanted, wanted - 1, wanted) == wanted)
                return true;
        }
    }

    public bool TryAddWaiter(int max)
    {
        if (Interlocked.Increment(ref _waiting) <= max)
            return true;
        Interlocked.Decrement(ref _waiting);
        return false;
    }

    public void RemoveWaiter() => Interlocked.Decrement(ref _waiting);

    /// <summary>Counts a caller whose deadline passed while it waited.</summary>
    /// <param name="now"><see cref="Primitives.CoarseClock.Milliseconds"/>.</param>
    /// <returns>Whether that is worth a line in the log: of many, one in a while.</returns>
    public bool AddTimedOut(long now)
    {
        Interlocked.Increment(ref _timedOut);
        var reported = Volatile.Read(ref _timedOutReportedAt);
        return (reported == 0 || now - reported >= ReportEvery) && Interlocked.CompareExchange(ref _timedOutReportedAt, now, reported) == reported;
    }
}
