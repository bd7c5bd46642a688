using HyperConn.Servers;
using static HyperConn.Tests.Budgets.GrantSpecs;

namespace HyperConn.Tests.Budgets;

/// <summary>Permits that come back, from the living and the dead.</summary>
public class ReturnSpecs
{
    private static readonly BudgetTuning Resting = BudgetTuning.Immediate with { ReturnCooldown = TimeSpan.FromMilliseconds(5) };

    [Fact]
    public void A_returned_permit_rests_until_the_session_behind_it_is_gone() => AssertRests(Limit(1, Resting), milliseconds: 5);

    [Theory]
    [InlineData(20, 35)]
    [InlineData(500, 500)]
    public void Where_opens_take_longer_than_at_rest_a_returned_permit_rests_longer_as_well(int longer, int rests)
    {
        var server = Limit(1, Resting with { CooldownDelays = 1, MaxReturnCooldown = TimeSpan.FromMilliseconds(500) });
        server.State.Pace.Note(TimeSpan.FromMilliseconds(3));
        for (var opens = 0; opens < 16; opens++)
            server.State.Pace.Note(TimeSpan.FromMilliseconds(3 + 10 + longer));
        AssertRests(server, rests);
    }

    [Fact]
    public void A_resting_permit_delays_nobody_while_others_are_free()
    {
        var server = Limit(2, Resting);
        server.BusyPool("busy").Die();

        var next = server.Pool("next");
        next.Call();

        Assert.Equal(1, next.Permits);
    }

    [Fact]
    public void What_a_dead_pool_held_is_free_again()
    {
        var server = Limit(2);
        var dying = server.Pool("dying");
        dying.Call(2);
        dying.EndOpen();
        var next = server.Pool("next");
        next.Call(2);

        dying.Die();
        next.EndOpen();

        Assert.Equal((2, 2, 1), (next.Permits, server.Ledger.Granted, server.Ledger.Opening));
        Assert.Equal(0, server.Ledger.HeldBy(dying));
    }

    [Fact]
    public void Words_of_a_dead_pool_that_come_late_change_nothing()
    {
        var server = Limit(2);
        var dead = server.BusyPool("dead");
        dead.Die();

        server.Tell(new PermitsReturned(dead, 1, AnswersReclaim: true));
        server.Tell(new OpenEnded(dead));
        server.Tell(new PermitWanted(dead));

        Assert.Equal((0, 0, 0), (server.Ledger.Granted, server.Ledger.Opening, server.Ledger.Registered));
        Assert.Equal(0, server.Ledger.Statistics().Pools);
    }

    [Fact]
    public void A_pool_can_t_give_back_more_than_it_holds()
    {
        var server = Limit(2);
        var pool = server.BusyPool("a");

        Assert.Equal(2, server.Ledger.Returned(pool, 3, answersReclaim: false));

        Assert.Equal(0, server.Ledger.Granted);
    }

    [Fact]
    public void An_overdraft_counts_and_stops_grants_until_permits_out_are_below_the_limit()
    {
        var server = Limit(2);
        var pool = server.BusyPool("a", 2);
        pool.Overdraw();
        var next = server.Pool("next");
        next.Call();
        Assert.Equal(3, server.Ledger.Granted);

        pool.EndLease();
        Assert.Equal((2, 0), (server.Ledger.Granted, next.Permits));

        pool.EndLease();
        Assert.Equal((2, 1), (server.Ledger.Granted, next.Permits));
    }

    private static void AssertRests(SimulatedServer server, int milliseconds)
    {
        var busy = server.BusyPool("busy");
        var next = server.Pool("next");
        next.Call();
        busy.EndLease();

        server.Advance(milliseconds - 1);
        Assert.Equal((0, 1), (next.Permits, server.Ledger.Cooling));

        server.Advance(1);
        Assert.Equal((1, 0), (next.Permits, server.Ledger.Cooling));
    }
}
