using HyperConn.Leases;
using HyperConn.Schedules.Exploring;
using HyperConn.Servers;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>A lease ends while somebody joins the queue: it is handed over, or found.</summary>
internal sealed class DeskHandOver : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var lease = tenant.Desk.TryTakeFree()!.Value;
        tenant.Hold();
        return new Play(() => tenant.Rest(permits: 1), () => tenant.End(lease), () => tenant.UseAfter(tenant.Desk.Join()));
    }
}

/// <summary>A lease ends while two join the queue.</summary>
internal sealed class DeskTwoWaiters : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var lease = tenant.Desk.TryTakeFree()!.Value;
        tenant.Hold();
        return new Play(() => tenant.Rest(permits: 1), () => tenant.End(lease), () => tenant.Use(), () => tenant.Use());
    }
}

/// <summary>A caller gives up while a lease comes, and another one takes what is free.</summary>
internal sealed class DeskGiveUp : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var lease = tenant.Desk.TryTakeFree()!.Value;
        tenant.Hold();
        return new Play(
            () => tenant.Rest(permits: 1),
            () => tenant.End(lease),
            () => tenant.GiveUp(tenant.Desk.Join()),
            () => tenant.Use());
    }
}

/// <summary>Two join a queue that takes one.</summary>
internal sealed class DeskFullQueue : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1, new ServerOptions { MaxWaitersPerTenant = 1 });
        var lease = tenant.Desk.TryTakeFree()!.Value;
        tenant.Hold();
        var (turnedAway, leased) = (0, 0);
        return new Play(
            () => turnedAway + leased == 2 ? tenant.Rest(permits: 1) : $"{turnedAway} and {leased}",
            () => tenant.End(lease),
            () => Count(tenant.UseAfter(tenant.Desk.Join())),
            () => Count(tenant.UseAfter(tenant.Desk.Join())));

        void Count(LeaseOutcome outcome)
        {
            turnedAway += outcome == LeaseOutcome.TenantWaitersFull ? 1 : 0;
            leased += outcome == LeaseOutcome.Leased ? 1 : 0;
        }
    }
}

/// <summary>Two tenants' callers want the one place that is left for those who wait on a server.</summary>
internal sealed class ServerFullQueue : Scenario
{
    public override Play Begin()
    {
        var budget = new BudgetThread(limit: 1, workers: 0);
        budget.Options.MaxWaitersPerServer = 1;
        var (one, other) = (new Tenant(budget), new Tenant(budget));
        var waiting = 0;
        return new Play(
            () => waiting is 1 or 2 && budget.State.Waiting == 0 ? null : $"{waiting} were let in, {budget.State.Waiting} are left.",
            () => Wait(one),
            () => Wait(other));

        void Wait(Tenant tenant)
        {
            var waiter = tenant.Desk.Join();
            if (waiter.Task.IsCompleted)
                return;
            waiting++;
            Stage.Require(tenant.Server.Waiting <= 2, "More wait than may.");
            tenant.GiveUp(waiter);
        }
    }
}

/// <summary>A drain begins while a lease ends and somebody joins: each is told once, and the end of the drain is, too.</summary>
internal sealed class DeskDrain : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var lease = tenant.Desk.TryTakeFree()!.Value;
        tenant.Hold();
        return new Play(
            () => tenant.ToldDrained != 1 ? $"The end was told {tenant.ToldDrained} times."
                : Returned(tenant) != 1 ? $"{Returned(tenant)} permits came back of one."
                : tenant.Rest(permits: 0),
            () => tenant.End(lease),
            tenant.Drain,
            () => tenant.UseAfter(tenant.Desk.Join()));
    }

    private static int Returned(Tenant tenant) => tenant.Mail.All.OfType<PermitsReturned>().Sum(message => message.Count);
}

/// <summary>A drain begins while two leases end: the end is told once.</summary>
internal sealed class DeskDrainOfTwo : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 2);
        var leases = new[] { tenant.Desk.TryTakeFree()!.Value, tenant.Desk.TryTakeFree()!.Value };
        tenant.Hold();
        tenant.Hold();
        return new Play(
            () => tenant.ToldDrained == 1 ? tenant.Rest(permits: 0) : $"The end was told {tenant.ToldDrained} times.",
            () => tenant.End(leases[0]),
            () => tenant.End(leases[1]),
            tenant.Drain);
    }
}

/// <summary>A drain begins while the hot path and the queue are used: nobody gets a lease after it, nobody waits for ever.</summary>
internal sealed class DeskDrainOfUsers : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var drained = false;
        return new Play(
            () => tenant.ToldDrained >= 1 ? tenant.Rest(permits: 0) : "The end was not told.",
            Use,
            Use,
            () =>
            {
                tenant.Drain();
                drained = true;
            });

        void Use()
        {
            var late = drained;
            Stage.Require(tenant.Use() == LeaseOutcome.SentBack || !late, "A lease began after the drain had.");
        }
    }
}

/// <summary>Those who wait are sent back while one leaves and a lease ends.</summary>
internal sealed class DeskSendBack : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var lease = tenant.Desk.TryTakeFree()!.Value;
        tenant.Hold();
        var (first, second) = (tenant.Desk.Join(), tenant.Desk.Join());
        return new Play(
            () => tenant.Rest(permits: 1),
            () => tenant.Desk.SendQueueBack(),
            () => tenant.GiveUp(first),
            () =>
            {
                tenant.End(lease);
                tenant.UseAfter(second);
            });
    }
}

/// <summary>What is idle is reclaimed while a lease begins and one waits.</summary>
internal sealed class DeskReclaim : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 2);
        var taken = 0;
        return new Play(
            () => tenant.Rest(permits: 2 - taken),
            () => tenant.UseHot(),
            () => tenant.GiveUp(tenant.Desk.Join()),
            () => taken = tenant.Desk.TakeFreePermits(keep: 0, ifNobodyWaits: true));
    }
}
