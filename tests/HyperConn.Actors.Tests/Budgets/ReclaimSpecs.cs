using HyperConn.Servers;
using static HyperConn.Tests.Budgets.GrantSpecs;

namespace HyperConn.Tests.Budgets;

public class ReclaimSpecs
{
    [Fact]
    public void The_least_recently_used_idle_pool_is_asked_first_and_no_more_than_needed()
    {
        var server = Limit(3);
        var (a, b, c) = (server.IdlePool("a"), server.IdlePool("b"), server.IdlePool("c"));
        Use(server, a);
        Use(server, c);

        server.Pool("new").Call();

        Assert.Equal(["b"], server.Asked);
        b.AnswerReclaim();
        Assert.Equal("new", server.Grants[^1]);
        Assert.Equal(1, server.Ledger.Statistics().Reclaims);
    }

    [Fact]
    public void Nobody_is_asked_while_a_permit_is_free()
    {
        var server = Limit(3);
        server.IdlePool("a");

        server.Pool("new").Call();

        Assert.Empty(server.Asked);
    }

    [Fact]
    public void Nobody_is_asked_twice_for_the_same_need()
    {
        var server = Limit(2);
        server.IdlePool("a");
        server.IdlePool("b");
        var pool = server.Pool("new");

        pool.Call();
        pool.Call();
        server.Advance(10);

        Assert.Equal(["a"], server.Asked);
    }

    [Fact]
    public void Fully_idle_pools_are_asked_before_those_that_use_some_of_their_permits()
    {
        var server = Limit(3);
        var partly = server.IdlePool("partly", 2);
        partly.Call();
        server.Advance(10);
        server.IdlePool("idle");

        server.Pool("x").Call();
        Assert.Equal(["idle"], server.Asked);

        server.Pool("y").Call();
        Assert.Equal(["idle", "partly"], server.Asked);
    }

    [Fact]
    public void Busy_pools_are_not_asked_but_what_ends_there_is_wanted()
    {
        var server = Limit(2);
        server.BusyPool("a", 2);

        server.Pool("x").Call();

        Assert.Empty(server.Asked);
        Assert.Equal(1, server.State.Wanted);
    }

    [Fact]
    public void A_pool_that_went_idle_without_being_wanted_is_found_at_the_next_look()
    {
        var server = Limit(1);
        var busy = server.BusyPool("a");
        busy.IsDeaf = true;
        server.Pool("x").Call();
        busy.EndLease();

        Assert.Equal(TimeSpan.Zero, server.Ledger.NextDue());
        server.Advance(1);

        Assert.Equal(["a"], server.Asked);
    }

    [Fact]
    public void A_pool_that_does_not_answer_does_not_block_the_others()
    {
        var server = Limit(2);
        server.IdlePool("silent");
        server.Advance(10);
        server.IdlePool("b");
        server.Pool("new").Call();
        Assert.Equal(["silent"], server.Asked);
        Assert.True(server.Ledger.NextDue() <= server.Tuning.ReclaimTimeout);

        server.Advance(server.Tuning.ReclaimTimeout);

        Assert.Equal(["silent", "b"], server.Asked);
    }

    [Fact]
    public void A_pool_that_had_nothing_to_give_is_asked_again_only_after_the_others()
    {
        var server = Limit(2);
        var a = server.IdlePool("a");
        server.Advance(10);
        var b = server.IdlePool("b");
        server.Advance(10);
        server.Pool("new").Call();
        a.Call();
        a.AnswerReclaim();
        a.EndLease();

        Assert.Equal(["a", "b"], server.Asked);
        b.AnswerReclaim();
        Assert.Equal("new", server.Grants[^1]);
    }

    [Fact]
    public void Floors_are_left_to_idle_tenants()
    {
        var server = new SimulatedServer(new ServerOptions { MaxConnections = 6, FloorPerTenant = 2 });
        var a = server.IdlePool("a", 2);
        server.Advance(10);
        var b = server.IdlePool("b", 4);
        server.Advance(10);
        var c = server.Pool("c");

        c.Call();

        Assert.Equal(["b"], server.Asked);
        b.AnswerReclaim();
        Assert.Equal((2, 2, 1), (a.Permits, b.Permits, c.Permits));
    }

    [Fact]
    public void What_exceeds_a_lowered_limit_is_asked_back_though_nobody_waits()
    {
        // It turns out to have fewer slots than it was taken to have.
        var server = new SimulatedServer(new ServerOptions { Headroom = 0 });
        var idle = server.IdlePool("idle");
        server.BusyPool("busy", 3);

        server.Tell(new ServerCapacityRead(5, 3));

        Assert.Equal(["idle"], server.Asked);
        Assert.Equal(1, server.State.Wanted);
        idle.AnswerReclaim();
        server.Holders[1].EndLease();
        Assert.Equal(2, server.Ledger.Granted);
        Assert.Equal(0, server.State.Wanted);
        Assert.Null(server.Ledger.NextDue());
    }

    [Fact]
    public void Permits_move_from_those_who_have_more_until_they_are_even()
    {
        var server = Limit(6);
        var rich = server.BusyPool("rich", 6);
        rich.Call(20);
        var poor = server.Pool("poor");
        poor.Call(20);

        for (var round = 0; round < 200; round++)
        {
            poor.EndOpen();
            rich.EndOpen();
            rich.EndLease();
            rich.Call();
            poor.EndLease();
            poor.Call();
        }

        Assert.InRange(poor.Permits, 2, 4);
        Assert.Equal(6, rich.Permits + poor.Permits);
    }

    [Fact]
    public void Equals_don_t_pass_a_permit_to_and_fro()
    {
        var server = Limit(4);
        var (a, b) = (server.BusyPool("a", 2), server.BusyPool("b", 2));
        a.Call(50);
        b.Call(50);
        var grants = server.Grants.Count;

        for (var i = 0; i < 40; i++)
        {
            a.EndLease();
            b.EndLease();
        }

        Assert.Equal(grants, server.Grants.Count);
    }

    [Fact]
    public void A_tenant_without_any_gets_the_only_permit_when_the_quantum_of_its_user_is_over()
    {
        var server = Limit(1);
        var user = server.BusyPool("user");
        user.Call(50);
        var other = server.Pool("other");
        other.Call();

        for (var leases = 0; leases < user.Quantum; leases++)
            user.EndLease();
        Assert.Equal(0, other.Permits);
        user.EndLease();

        Assert.Equal(1, other.Permits);
    }

    [Fact]
    public void Claimed_permits_on_their_way_back_are_not_wanted_twice()
    {
        var server = Limit(3);
        var busy = server.BusyPool("busy", 3);
        server.Pool("x").Call();
        server.Slow = true;
        busy.EndLease();
        server.Pool("x2");

        server.Ledger.Settle();

        Assert.Equal(0, server.State.Wanted);
        server.DeliverOne();
        Assert.Equal("x", server.Grants[^1]);
    }

    [Fact]
    public void A_claim_whose_pool_never_gives_back_is_forgotten_in_time()
    {
        var server = Limit(3);
        server.BusyPool("busy", 3);
        server.Pool("x").Call();
        Assert.True(server.State.TryClaimWanted(3));
        server.Ledger.Settle();
        Assert.Equal(0, server.State.Wanted);

        server.Advance(server.Tuning.ReclaimTimeout);

        Assert.Equal(1, server.State.Wanted);
    }

    [Fact]
    public void Nothing_is_wanted_for_callers_who_have_all_left()
    {
        var server = Limit(1);
        server.BusyPool("busy");
        var left = server.Pool("left");
        left.Call(3);
        left.GiveUp();
        left.GiveUp();
        left.GiveUp();

        server.Advance(1);

        Assert.Equal((0, 0), (server.State.Wanted, server.Ledger.Registered));
        Assert.False(left.Registered);
    }

    [Fact]
    public void Among_ten_thousand_pools_the_oldest_idle_one_is_found_though_the_rest_was_used_since()
    {
        var server = new SimulatedServer(new ServerOptions { MaxConnections = 10_000, MaxConcurrentOpens = 10_000 });
        var pools = Enumerable.Range(0, 10_000).Select(i => server.BusyPool($"o{i}")).ToList();
        server.Advance(10);
        pools[7_777].EndLease();
        server.Advance(10);
        foreach (var pool in pools.Where((_, i) => i != 7_777))
            pool.EndLease();

        var x = server.Pool("new");
        x.Call();
        for (var looks = 0; looks < 10 && server.Asked.Count == 0; looks++)
            server.Advance(10);

        Assert.Equal(["o7777"], server.Asked);
    }

    private static void Use(SimulatedServer server, FakeHolder pool)
    {
        server.Advance(10);
        pool.Call();
        pool.EndLease();
    }
}
