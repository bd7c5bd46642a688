using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.Schedules.Exploring;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>A tenant's desk without the connections, and what must hold of leases that its threads have.</summary>
internal sealed class Tenant : IPermitUser
{
    private readonly BudgetThread? _budget;
    private int _held;

    /// <summary>A desk on a server whose budget nobody runs.</summary>
    /// <param name="permits">Permits it begins with, all free.</param>
    /// <param name="options">Settings.</param>
    public Tenant(int permits, ServerOptions? options = null)
        : this(new ServerState(new ServerEndpoint("db1", 5432), new FakeTimeProvider()) { Budget = new Mailbox() }, options ?? new ServerOptions(), new FakeTimeProvider())
    {
        for (var i = 0; i < permits; i++)
            Desk.TakeAnyway(out _);
        for (var i = 0; i < permits; i++)
            Desk.End(0, keepsPermit: true);
    }

    /// <summary>A desk on a budget.</summary>
    public Tenant(BudgetThread budget)
        : this(budget.State, budget.Options, budget.Time) => _budget = budget;

    private Tenant(ServerState server, ServerOptions options, TimeProvider time)
    {
        Server = server;
        Desk = new LeaseDesk(server, options, new CoarseClock(time), accesses: 0) { Permits = new PermitRequests(this, [server], maxPermits: 10) };
    }

    public ServerState Server { get; }

    public Mailbox Mail => (Mailbox)Server.Budget;

    public LeaseDesk Desk { get; }

    public ServerHealth Health => Server.Health;

    public Circuit? Login => null;

    public long LastUsed => 0;

    TenantKey IPermitUser.Tenant { get; } = TenantKey.Create("core", "acme");

    /// <summary>How often the owner was told that the last lease had ended.</summary>
    public int ToldIdle { get; private set; }

    /// <summary>How often the end of a drain was told.</summary>
    public int ToldDrained { get; private set; }

    /// <summary>Leases that threads had at the same time at most.</summary>
    public int MostHeld { get; private set; }

    /// <summary>A lease begun and ended on the hot path, if one may.</summary>
    public bool UseHot()
    {
        if (!Desk.TryTake(out var before))
            return false;
        Hold();
        End(before.AgeBucket);
        return true;
    }

    /// <summary>As an open does: the hot path, a free permit, or the queue.</summary>
    public LeaseOutcome Use()
    {
        if (UseHot())
            return LeaseOutcome.Leased;
        if (Desk.TryTakeFree() is { } bucket)
        {
            Hold();
            End(bucket);
            return LeaseOutcome.Leased;
        }

        return UseAfter(Desk.Join());
    }

    /// <summary>Waits in the queue, however long.</summary>
    public LeaseOutcome UseAfter(LeaseWaiter waiter)
    {
        Stage.Await(() => waiter.Task.IsCompleted);
        var lease = waiter.Task.Result;
        if (!lease.IsTaken)
            return lease.Outcome;
        Hold();
        if (lease.IsGranted)
        {
            Follow(Desk.Settled());
            Desk.Permits.EndOpen();
        }

        End(lease.AgeBucket);
        return lease.Outcome;
    }

    /// <summary>A thread has a lease.</summary>
    public void Hold()
    {
        MostHeld = Math.Max(MostHeld, ++_held);
        var word = Desk.Word;
        Stage.Require(word.Leases >= _held && word.Permits >= _held, $"{_held} have a lease, and the word says {word.Leases} leases, {word.Permits} permits.");
    }

    /// <summary>As the end of a lease does.</summary>
    public void End(int bucket)
    {
        _held--;
        if (Server.Wanted > 0 || !Desk.TryEnd(bucket))
            EndSlow(bucket, keepsPermit: true);
    }

    public void EndSlow(int bucket, bool keepsPermit)
    {
        var followUp = Desk.End(bucket, keepsPermit);
        Desk.Permits.Return(followUp.FreePermits);
        Follow(followUp);
    }

    /// <summary>A caller gives up; if it has a lease by now, it ends that.</summary>
    public void GiveUp(LeaseWaiter waiter)
    {
        if (Desk.Leave(waiter) is { } followUp)
        {
            Stage.Require(!waiter.Task.IsCompleted, "Who left the queue has an answer.");
            Follow(followUp);
            return;
        }

        Stage.Require(waiter.Task.IsCompleted, "Who could not leave the queue has no answer.");
        UseAfter(waiter);
    }

    public void Drain()
    {
        var followUp = Desk.BeginDrain();
        Desk.Permits.Return(followUp.FreePermits);
        Follow(followUp);
    }

    public void Follow(LeaseFollowUp followUp)
    {
        if (followUp.Drained)
            ToldDrained++;
        else if (followUp.WentIdle)
            ToldIdle++;
    }

    public void ReclaimSoon(ServerShare asked, int keep) => _budget?.Later(() => Desk.Permits.Return(Desk.TakeFreePermits(keep, ifNobodyWaits: true), asked));

    /// <summary>What must hold when nobody has a lease any more.</summary>
    public string? Rest(int? permits = null)
    {
        var word = Desk.Word;
        return word.Leases != 0 ? $"{word.Leases} leases are left."
            : permits is { } expected && word.Permits != expected ? $"{word.Permits} permits are left, not {expected}."
            : Desk.Waiters != 0 || Server.Waiting != 0 ? $"{Desk.Waiters} wait at the desk, {Server.Waiting} on the server."
            : word.Has(LeaseWord.HasWaiters) ? "The word says that somebody waits."
            : null;
    }
}
