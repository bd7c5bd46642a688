using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Budgets;

/// <summary>When a budget must look again though nobody tells it anything, and what it finds then.</summary>
public class WakeUpSpecs
{
    private static readonly BudgetTuning Never = BudgetTuning.Immediate with { TopInterval = TimeSpan.FromHours(1), RescanInterval = TimeSpan.FromHours(1) };

    [Fact]
    public void When_a_permit_that_somebody_waits_for_has_rested()
    {
        var server = Limit(1, Never with { ReturnCooldown = Milliseconds(5) });
        var busy = server.BusyPool("busy");
        server.Pool("next").Call();
        busy.EndLease();
        Assert.Equal(Milliseconds(5), server.Ledger.NextDue());

        server.Advance(2);
        Assert.Equal(Milliseconds(3), server.Ledger.NextDue());
    }

    [Fact]
    public void Not_for_a_resting_permit_that_nobody_waits_for()
    {
        var server = Limit(1, Never with { ReturnCooldown = Milliseconds(5) });
        server.BusyPool("busy").Die();
        Assert.Null(server.Ledger.NextDue());
    }

    [Fact]
    public void At_once_when_the_time_is_over()
    {
        var server = Limit(1, Never with { ReturnCooldown = Milliseconds(5) });
        var busy = server.BusyPool("busy");
        server.Pool("next").Call();
        busy.EndLease();
        ((FakeTimeProvider)server.Time).Advance(Milliseconds(50));
        Assert.Equal(TimeSpan.Zero, server.Ledger.NextDue());
    }

    [Fact]
    public void Two_looks_later_while_more_is_needed_than_was_found()
    {
        var server = Limit(1, Never with { RescanInterval = Milliseconds(10) });
        server.BusyPool("busy");
        server.Pool("next").Call();
        Assert.Equal(Milliseconds(20), server.Ledger.NextDue());
    }

    [Fact]
    public void Not_while_what_is_needed_is_expected_back()
    {
        var server = Limit(1, Never with { RescanInterval = Milliseconds(10), ReclaimTimeout = Milliseconds(700) });
        server.IdlePool("idle");
        server.Pool("next").Call();
        Assert.Equal(["idle"], server.Asked);
        Assert.Equal(Milliseconds(700), server.Ledger.NextDue());
    }

    [Fact]
    public void To_see_who_holds_most_while_somebody_waits()
    {
        var server = Limit(1, Never with { TopInterval = Milliseconds(250) });
        server.BusyPool("busy");
        server.Pool("next").Call();
        Assert.Equal(Milliseconds(250), server.Ledger.NextDue());
        Assert.Equal(["busy"], server.State.Top.Select(one => one.Tenant.Org));

        server.Advance(100);
        Assert.Equal(Milliseconds(150), server.Ledger.NextDue());
    }

    private static SimulatedServer Limit(int limit, BudgetTuning tuning) => new(new ServerOptions { MaxConnections = limit }, tuning);

    private static TimeSpan Milliseconds(int count) => TimeSpan.FromMilliseconds(count);
}
