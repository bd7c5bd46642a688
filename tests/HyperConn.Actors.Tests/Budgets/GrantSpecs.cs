using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

public class GrantSpecs
{
    [Fact]
    public void A_free_permit_is_granted_at_once()
    {
        var server = Limit(2);
        var pool = server.Pool("a");

        pool.Call();

        Assert.Equal((1, 1, 1), (pool.Permits, pool.Leases, server.Ledger.Opening));
    }

    [Fact]
    public void Permits_out_never_exceed_the_limit()
    {
        var server = Limit(3);
        foreach (var org in Orgs(5))
            server.Pool(org).Call();

        Assert.Equal(["o0", "o1", "o2"], server.Grants);
        Assert.Equal(3, server.Ledger.Granted);
    }

    [Fact]
    public void A_quiet_tenant_is_served_before_a_noisy_one_gets_another_permit()
    {
        var server = Limit(2);
        var first = server.BusyPool("first", 2);
        var noisy = server.Pool("noisy");
        noisy.Call(5);
        var quiet = server.Pool("quiet");
        quiet.Call();

        first.EndLease();
        first.EndLease();

        Assert.Equal(["noisy", "quiet"], server.Grants.Skip(2));
    }

    [Fact]
    public void Equals_take_turns()
    {
        var server = Limit(7);
        var hog = server.BusyPool("hog", 6);
        server.BusyPool("other");
        var pools = Orgs(3).Select(org => server.Pool(org)).ToList();
        foreach (var pool in pools)
            pool.Call(3);

        for (var i = 0; i < 6; i++)
        {
            hog.Die();
            foreach (var pool in pools)
                pool.EndOpen();
        }

        Assert.Equal(["o0", "o1", "o2", "o0", "o1", "o2"], server.Grants.Skip(7));
    }

    [Fact]
    public void A_caller_who_left_is_never_handed_a_permit_and_the_next_gets_it()
    {
        var server = Limit(1);
        var busy = server.BusyPool("busy");
        var left = server.Pool("left");
        left.Call();
        var next = server.Pool("next");
        next.Call();

        left.GiveUp();
        busy.EndLease();

        Assert.Equal((0, 1), (left.Permits, next.Permits));
        Assert.False(left.Registered);
    }

    [Fact]
    public void A_holder_whose_offer_was_declined_is_served_when_it_asks_again()
    {
        var server = Limit(1);
        var busy = server.BusyPool("busy");
        var pool = server.Pool("a");
        pool.Call();
        pool.GiveUp();
        busy.Die();

        pool.Call();

        Assert.Equal(1, pool.Permits);
    }

    [Fact]
    public void No_more_opens_are_in_flight_than_configured()
    {
        var server = new SimulatedServer(new ServerOptions { MaxConnections = 100, MaxConcurrentOpens = 3 });
        var pools = Orgs(5).Select(org => server.Pool(org)).ToList();
        foreach (var pool in pools)
            pool.Call();
        Assert.Equal(3, server.Ledger.Opening);

        pools[0].EndOpen();
        pools[1].EndOpen(well: false);

        Assert.Equal(["o0", "o1", "o2", "o3", "o4"], server.Grants);
        Assert.Equal(3, server.Ledger.Opening);
    }

    [Fact]
    public void A_cold_tenant_opens_one_connection_first_and_then_as_many_again_as_it_has()
    {
        var server = Limit(100);
        var pool = server.Pool("cold");
        var atOnce = new List<int>();

        pool.Call(6);
        while (pool.Opens > 0)
        {
            atOnce.Add(pool.Opens);
            EndOpensTogether(server, pool);
        }

        Assert.Equal([1, 1, 2, 2], atOnce);
    }

    [Fact]
    public void Ten_callers_served_by_the_first_connection_cost_one()
    {
        var server = Limit(100);
        var pool = server.Pool("cold");
        pool.Call(10);
        for (var caller = 0; caller < 9; caller++)
            pool.GiveUp();

        pool.EndOpen();

        Assert.Equal((1, 0), (pool.Permits, server.Ledger.Registered));
    }

    [Fact]
    public void The_reserve_is_for_tenants_below_their_floor()
    {
        var server = new SimulatedServer(new ServerOptions { MaxConnections = 4, FloorPerTenant = 1, Reserve = 2 });
        var big = server.Pool("big");
        big.Call(4);
        for (var i = 0; i < 4; i++)
            big.EndOpen();
        Assert.Equal(2, big.Permits);

        server.Pool("small").Call();
        server.Pool("smaller").Call();

        Assert.Equal(["big", "big", "small", "smaller"], server.Grants);
    }

    [Fact]
    public void Floors_that_don_t_fit_shrink_so_that_nobody_is_shut_out()
    {
        var server = new SimulatedServer(new ServerOptions { MaxConnections = 2, FloorPerTenant = 1 });
        var a = server.IdlePool("a");
        server.IdlePool("b");
        Assert.Equal(1, server.Ledger.Floor);

        var c = server.Pool("c");
        c.Call();
        Assert.Equal(0, server.Ledger.Floor);
        a.AnswerReclaim();

        Assert.Equal(1, c.Permits);
    }

    [Fact]
    public void Statistics_say_who_uses_waits_and_for_how_long()
    {
        var server = Limit(3);
        server.IdlePool("idle").Drain();
        var busy = server.BusyPool("busy", 3);
        var waiting = server.Pool("waiting");
        waiting.Call();
        server.State.TryAddWaiter(10);
        server.Advance(1_500);
        waiting.Call();
        server.State.TryAddWaiter(10);
        server.State.AddTimedOut(1);
        busy.EndLease();
        busy.Call();

        var statistics = server.Ledger.Statistics();

        Assert.Equal(
            new ServerStatistics(new ServerEndpoint("db", 5432), 3, 3, 0, 2, TimeSpan.Zero, 1, 0, 0, 1, 2),
            statistics with { OldestWait = TimeSpan.Zero });
    }

    [Fact]
    public void The_oldest_wait_is_that_of_the_first_in_any_line()
    {
        var server = Limit(1);
        server.BusyPool("busy");
        server.Pool("a").Call();
        server.Advance(1_000);
        server.Pool("b").Call();
        server.Advance(500);

        Assert.Equal(TimeSpan.FromMilliseconds(1_500), server.Ledger.Statistics().OldestWait);
    }

    [Fact]
    public void An_unlimited_server_has_no_limit_to_show()
    {
        var server = Limit(ServerOptions.Unlimited);
        server.BusyPool("a", 6);

        Assert.Null(server.Ledger.Statistics().Limit);
        Assert.False(server.State.CapacityUnknown);
    }

    [Fact]
    public void The_top_tenants_are_those_with_most_permits_over_all_their_generations()
    {
        var server = Limit(20);
        server.BusyPool("a", 2);
        server.BusyPool("b", 5);
        server.BusyPool("c", 1);
        server.BusyPool("d", 3);
        server.BusyPool("a", 2);

        Assert.Equal([("b", 5), ("a", 4), ("d", 3)], server.Ledger.Accounts.TopHolders(3).Select(top => (top.Tenant.Org, top.Permits)));
    }

    [Fact]
    public void Who_times_out_can_read_what_the_budget_looked_like()
    {
        var server = Limit(2);
        server.BusyPool("a", 2);
        server.Pool("b").Call();

        Assert.Equal((2, 2), (server.State.Limit, server.State.Granted));
        Assert.Equal("a", Assert.Single(server.State.Top).Tenant.Org);
    }

    internal static SimulatedServer Limit(int limit, BudgetTuning? tuning = null) =>
        new(new ServerOptions { MaxConnections = limit }, tuning);

    private static IEnumerable<string> Orgs(int count) => Enumerable.Range(0, count).Select(i => $"o{i}");

    private static void EndOpensTogether(SimulatedServer server, FakeHolder pool)
    {
        server.Slow = true;
        for (var opens = pool.Opens; opens > 0; opens--)
            pool.EndOpen();
        server.Slow = false;
        // All of a round end together: the ledger hears of them before it decides.
        while (server.Mailbox.TryDequeue(out var message))
            server.Ledger.OpenEnded(((OpenEnded)message).Holder);
        server.Ledger.Settle();
    }
}
