using HyperConn.Leases;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>Who is next when a lease ends: the tenant's own callers, another tenant, or eviction.</summary>
public class LeaseTurnSpecs : OpeningSpec
{
    private const int Quantum = 2;
    private const int Most = 3;

    private readonly ServerState _server;
    private readonly PoolGeneration _pool;

    public LeaseTurnSpecs()
        : base(options => (options.Servers.Quantum, options.Connections.MaxPerTenant) = (Quantum, Most))
    {
        _server = Server();
        _pool = Pool("acme", _server);
    }

    private LeaseDesk Desk => _pool.Desk;

    private ServerShare Share => _pool.Shares[0];

    private (int Leases, int Permits) Now => (_pool.Word.Leases, _pool.Word.Permits);

    private void Take(int leases = 1)
    {
        for (; leases > 0; leases--)
            Desk.TakeAnyway(out _);
    }

    private LeaseFollowUp End(bool keepsPermit = true) => Desk.End(0, keepsPermit);

    private List<LeaseWaiter> Join(int callers) => [.. Enumerable.Range(0, callers).Select(_ => Desk.Join())];

    private static int Served(List<LeaseWaiter> waiting) => waiting.Count(waiter => waiter.Task.IsCompleted);

    private static LeaseOutcome OutcomeOf(LeaseWaiter waiter) => PoolWorld.Within(waiter.Task).GetAwaiter().GetResult().Outcome;

    [Fact]
    public void Own_callers_come_first_for_a_quantum_and_then_the_permit_goes_on()
    {
        Take(2);
        var waiting = Join(4);
        _server.Want(10);
        for (var served = 1; served <= Quantum; served++)
        {
            Assert.Equal(default, End());
            Assert.Equal((served, (2, 2)), (Served(waiting), Now));
        }

        Assert.Equal(new LeaseFollowUp(FreePermits: 1), End());
        Assert.Equal((Quantum, (1, 1)), (Served(waiting), Now));
    }

    [Fact]
    public void A_turn_that_is_over_goes_on_where_nobody_else_wants_the_permit_and_begins_anew_with_one_that_is_granted()
    {
        Take();
        var waiting = Join(10);
        for (var served = 1; served <= Quantum + 1; served++)
            End();
        Assert.Equal((Quantum + 1, (1, 1)), (Served(waiting), Now));

        Assert.Equal(PermitOffer.TakenMore, Desk.Offer(Share));
        _server.Want(10);
        for (var ends = 0; ends < Quantum; ends++)
            Assert.Equal(default, End());
        Assert.Equal(1, End().FreePermits);
    }

    [Fact]
    public void Where_none_of_its_own_waits_a_permit_that_is_wanted_goes_at_once_and_one_that_is_not_stays()
    {
        Take(2);
        Assert.Equal(new LeaseFollowUp(FreePermits: 0), End());
        Assert.Equal((1, 2), Now);
        _server.Want(1);
        Assert.Equal(new LeaseFollowUp(FreePermits: 1), End());
        Assert.Equal((0, 1), Now);
        Assert.Equal(0, _server.Wanted);
    }

    [Fact]
    public void A_permit_of_which_nothing_is_left_goes_back_whoever_waits_and_they_ask_for_another()
    {
        Take(Most);
        var waiting = Join(1);
        Assert.Equal(0, Told<PermitWanted>(_server));
        Assert.Equal(new LeaseFollowUp(FreePermits: 1), End(keepsPermit: false));
        Assert.Equal((0, (2, 2), 1), (Served(waiting), Now, Told<PermitWanted>(_server)));
    }

    [Fact]
    public void Who_joins_while_a_permit_is_free_has_it()
    {
        Take();
        End();
        Assert.Equal(LeaseOutcome.Leased, OutcomeOf(Desk.Join()));
        Assert.Equal((0, (1, 1)), (_pool.Waiters, Now));
        Assert.False(_pool.Word.Has(LeaseWord.HasWaiters));
    }

    [Fact]
    public void The_budget_is_asked_once_and_again_when_it_was_told_that_no_more_is_wanted()
    {
        var waiting = Join(2);
        Assert.Equal(1, Told<PermitWanted>(_server));
        Assert.True(Desk.StillWants(Share));
        foreach (var waiter in waiting)
            Desk.Leave(waiter);
        Assert.False(Desk.StillWants(Share));
        Assert.Equal(PermitOffer.Declined, Desk.Offer(Share));
        Join(1);
        Assert.Equal(2, Told<PermitWanted>(_server));
    }

    [Fact]
    public void An_offer_is_taken_with_a_word_on_whether_another_would_be()
    {
        var waiting = Join(Most + 1);
        var answers = Enumerable.Range(0, Most).Select(_ => Desk.Offer(Share)).ToList();
        Assert.Equal([PermitOffer.TakenMore, PermitOffer.TakenMore, PermitOffer.TakenLast], answers);
        Assert.Equal(PermitOffer.Declined, Desk.Offer(Share));
        Assert.Equal((Most, (Most, Most)), (Served(waiting), Now));
        Assert.True(Desk.IsAtMax());
        Assert.Equal(1, Told<PermitWanted>(_server));
    }

    [Fact]
    public void Permits_that_are_free_are_taken_away_but_for_those_to_be_kept_and_from_a_pool_that_drains_none()
    {
        Take(Most);
        for (var ends = 1; ends < Most; ends++)
            End();
        Assert.Equal(0, Desk.TakeFreePermits(keep: Most, ifNobodyWaits: false));
        Assert.Equal(1, Desk.TakeFreePermits(keep: 2, ifNobodyWaits: true));
        Assert.Equal((1, 2), Now);
        Assert.Equal(new LeaseFollowUp(FreePermits: 1), Desk.BeginDrain());
        Assert.Equal(0, Desk.TakeFreePermits(keep: 0, ifNobodyWaits: false));
        Assert.Equal(new LeaseFollowUp(FreePermits: 1, Drained: true), End());
    }

    [Fact]
    public void Who_waits_is_sent_on_when_the_pool_drains_and_sent_back_when_what_they_wait_for_has_changed()
    {
        Take();
        var back = Join(2);
        Desk.SendQueueBack();
        Assert.All(back, waiter => Assert.Equal(LeaseOutcome.SentBack, OutcomeOf(waiter)));
        var on = Join(2);
        Assert.Equal(default, Desk.BeginDrain());
        Assert.All(on, waiter => Assert.Equal(LeaseOutcome.SentBack, OutcomeOf(waiter)));
        Assert.Equal((0, 0), (_pool.Waiters, _server.Waiting));
    }

    [Fact]
    public void A_pool_that_eviction_passed_over_tells_once_that_it_is_idle_whatever_was_the_last_to_go()
    {
        Take();
        var waiter = Desk.Join();
        Desk.Expect();
        Assert.False(Desk.TryBeginEviction(notify: true));
        Assert.Equal(default, Desk.End(0, keepsPermit: false) with { FreePermits = 0 });
        Assert.Equal(default, Desk.Unexpect());
        Assert.Equal(new LeaseFollowUp(WentIdle: true), Desk.Leave(waiter));
        Assert.Null(Desk.Leave(waiter));
        Assert.Equal(default, Desk.Settled());

        // Once more, with a caller who is expected as the last.
        Desk.Expect();
        Assert.False(Desk.TryBeginEviction(notify: true));
        Assert.Equal(default, Desk.Settled());
        Assert.Equal(new LeaseFollowUp(WentIdle: true), Desk.Unexpect());
        Assert.True(Desk.TryBeginEviction(notify: true));
        Assert.False(Desk.TryBeginEviction(notify: true));
    }

    [Fact]
    public void Who_does_not_want_to_be_told_is_not()
    {
        Take();
        Assert.False(Desk.TryBeginEviction(notify: false));
        Assert.False(_pool.Word.Has(LeaseWord.NotifyIdle));
        Assert.Equal(default, End());
        Assert.True(Desk.TryBeginEviction(notify: false));
    }

    [Fact]
    public void Not_before_the_last_lease_has_ended_is_a_pool_idle_or_drained()
    {
        Take(3);
        Assert.False(Desk.TryBeginEviction(notify: true));
        Assert.Equal(default, Desk.Settled());
        Assert.Equal(default, End());
        Desk.BeginDrain();
        Assert.Equal(new LeaseFollowUp(FreePermits: 1), End());
        Assert.Equal(new LeaseFollowUp(FreePermits: 1, Drained: true), End());
    }

    [Fact]
    public void A_limit_that_the_database_names_is_learned()
    {
        Take();
        Assert.False(Desk.IsAtMax());
        Assert.True(Desk.IsAtMax(learn: true));
        Assert.True(Desk.IsAtMax());
    }

    [Fact]
    public void Of_several_servers_the_first_is_asked_first_and_each_lease_takes_one_permit_of_each()
    {
        var (a, b) = (Server("a"), Server("b"));
        var pool = Pool("both", a, b);
        var waiting = Enumerable.Range(0, 2).Select(_ => pool.Desk.Join()).ToList();
        Assert.Equal((1, 0), (Told<PermitWanted>(a), Told<PermitWanted>(b)));
        for (var leases = 1; leases <= 2; leases++)
        {
            Assert.Equal(PermitOffer.Declined, pool.Desk.Offer(pool.Shares[1]));
            Assert.Equal(PermitOffer.Parked, pool.Desk.Offer(pool.Shares[0]));
            Assert.Equal(leases, Told<PermitWanted>(b));
            Assert.NotEqual(PermitOffer.Declined, pool.Desk.Offer(pool.Shares[1]));
            Assert.Equal((leases, leases, leases), (Served(waiting), pool.Word.Leases, pool.Word.Permits));
        }

        // What is held for nobody goes back.
        var last = pool.Desk.Join();
        Assert.Equal(PermitOffer.Parked, pool.Desk.Offer(pool.Shares[0]));
        pool.Desk.Leave(last);
        Assert.Equal((1, 0, 0), (Told<PermitsReturned>(a), Told<PermitsReturned>(b), pool.Shares[0].Unmatched));
    }

    [Fact]
    public void The_last_who_is_expected_closes_no_pool_that_drains()
    {
        Desk.Expect();
        Desk.Expect();
        Assert.False(Desk.TryBeginEviction(notify: true));
        Desk.BeginDrain();
        Assert.Equal(default, Desk.Unexpect());
        Assert.Equal(default, Desk.Unexpect());
    }

    [Fact]
    public void The_longest_wait_is_that_of_the_first_in_line()
    {
        Assert.Null(Desk.WaitsSince);
        var first = Desk.Join();
        var since = Desk.WaitsSince;
        Assert.NotNull(since);
        Time.Advance(TimeSpan.FromSeconds(1));
        Join(1);
        Assert.Equal(since, Desk.WaitsSince);
        Desk.Leave(first);
        Assert.True(Desk.WaitsSince > since);
    }
}
