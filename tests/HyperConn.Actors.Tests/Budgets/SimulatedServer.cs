using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Budgets;

/// <summary>A ledger, its pools and the mailbox between them, in virtual time. Keeps a log of offers and reclaims.</summary>
internal class SimulatedServer
{
    public const int MaxPerTenant = 6;

    public SimulatedServer(ServerOptions options, BudgetTuning? tuning = null, TimeProvider? time = null, IShareKeeper? shares = null)
    {
        Options = options;
        Time = time ?? new FakeTimeProvider();
        Clock = new CoarseClock(Time);
        Tuning = tuning ?? BudgetTuning.Immediate;
        State.Share = shares?.Begin(State);
        Ledger = new BudgetLedger(State, options, MaxPerTenant, Time, new Random(1), Tuning);
    }

    public ServerOptions Options { get; }

    public BudgetTuning Tuning { get; }

    public TimeProvider Time { get; }

    public CoarseClock Clock { get; }

    public ServerState State { get; } = new(new ServerEndpoint("db", 5432));

    public BudgetLedger Ledger { get; }

    public List<FakeHolder> Holders { get; } = [];

    public Queue<IServerBudgetMessage> Mailbox { get; } = new();

    /// <summary>Whether messages wait for <see cref="DeliverOne"/>, as they do when the actor is busy.</summary>
    public bool Slow { get; set; }

    /// <summary>Organisations granted a permit, in order.</summary>
    public List<string> Grants { get; } = [];

    /// <summary>Organisations asked to give back permits, in order.</summary>
    public List<string> Asked { get; } = [];

    public FakeHolder Pool(string org, int mostPermits = MaxPerTenant, bool parks = false)
    {
        var holder = new FakeHolder(this, org, mostPermits) { Parks = parks };
        Holders.Add(holder);
        return holder;
    }

    /// <summary>A pool whose <paramref name="permits"/> connections are open and idle.</summary>
    public FakeHolder IdlePool(string org, int permits = 1)
    {
        var holder = BusyPool(org, permits);
        for (var i = 0; i < permits; i++)
            holder.EndLease();
        return holder;
    }

    /// <summary>A pool with as many leases as permits.</summary>
    public FakeHolder BusyPool(string org, int permits = 1)
    {
        var holder = Pool(org);
        for (var i = 0; i < permits; i++)
        {
            holder.Call();
            holder.EndOpen();
        }
        Assert.Equal((permits, permits), (holder.Permits, holder.Leases));
        return holder;
    }

    public void Tell(IServerBudgetMessage message)
    {
        Mailbox.Enqueue(message);
        while (!Slow && DeliverOne())
        {
        }
    }

    public bool DeliverOne()
    {
        if (!Mailbox.TryDequeue(out var message))
            return false;
        Receive(message);
        return true;
    }

    public virtual void Advance(TimeSpan by)
    {
        ((FakeTimeProvider)Time).Advance(by);
        TimeMoved();
        Ledger.Settle();
    }

    public void Advance(int milliseconds) => Advance(TimeSpan.FromMilliseconds(milliseconds));

    public virtual void Offered(FakeHolder holder, bool taken)
    {
        if (taken)
            Grants.Add(holder.Tenant.Org);
    }

    public virtual void Withdrawn(FakeHolder holder)
    {
    }

    public virtual void Reclaiming(FakeHolder holder, int keep) => Asked.Add(holder.Tenant.Org);

    protected virtual void TimeMoved()
    {
    }

    protected virtual void Receive(IServerBudgetMessage message)
    {
        var excess = Ledger.Book(message) ?? throw new InvalidOperationException($"No ledger entry for {message.GetType().Name}.");
        Assert.Equal(0, excess);
        Ledger.Settle();
    }
}
