using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Budgets;

/// <summary>A budget that has a part of its server only, as one of several processes.</summary>
public class NodeShareSpecs
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _time = new();
    private readonly SharedServer _shared;

    public NodeShareSpecs() => _shared = new SharedServer(_time);

    [Fact]
    public void Without_a_share_nothing_is_granted()
    {
        var server = _shared.Server;
        var pool = server.Pool("a");
        pool.Call();
        Assert.Equal((0, 1), (pool.Permits, pool.Waiters));
        Assert.False(server.State.MayOpen);
    }

    [Fact]
    public void A_share_serves_those_who_wait_and_no_more_than_it_has()
    {
        var server = _shared.Server;
        foreach (var org in new[] { "a", "b", "c" })
            server.Pool(org).Call();
        Give(2);
        Assert.Equal(["a", "b"], server.Grants);
        Assert.True(server.State.MayOpen);
    }

    [Fact]
    public void A_budget_that_is_shared_with_nobody_takes_no_share()
    {
        var server = new SimulatedServer(new ServerOptions { MaxConnections = 5 }, time: _time);
        server.Tell(new ShareGiven(1, 2, Long));
        Assert.Equal(5, server.Ledger.Limit.InForce);
    }

    [Fact]
    public void A_share_above_the_limit_is_worth_the_limit()
    {
        Give(100);
        Assert.Equal(5, _shared.Server.Ledger.Limit.InForce);
    }

    [Fact]
    public void What_was_given_before_what_is_in_force_says_nothing_new_and_what_is_given_again_does()
    {
        Give(3);
        var share = _shared.Server.State.Share!;
        var epoch = share.Epoch;
        Assert.False(share.Take(new ShareGiven(epoch - 1, 5, Long)));
        Assert.Equal((epoch, 3), (share.Epoch, share.Permits));
        Assert.True(share.Take(new ShareGiven(epoch, 2, Long)));
        Assert.Equal((epoch, 2), (share.Epoch, share.Permits));
    }

    [Fact]
    public void A_share_that_has_lapsed_grants_nothing_and_takes_nothing()
    {
        var server = _shared.Server;
        Give(3, TimeSpan.FromSeconds(3));
        var idle = server.IdlePool("idle");
        server.Advance(TimeSpan.FromSeconds(3));
        var late = server.Pool("late");
        late.Call();
        Assert.Equal((1, 0, 1), (idle.Permits, late.Permits, late.Waiters));
        Assert.False(server.State.MayOpen);

        Give(3, Long);
        Assert.Equal(1, late.Permits);
    }

    [Fact]
    public void A_share_that_became_smaller_takes_idle_permits_first_and_leases_as_they_end()
    {
        var server = _shared.Server;
        Give(4);
        var (busy, idle) = (server.BusyPool("busy", 2), server.IdlePool("idle", 2));
        Give(1);
        Assert.Equal(["idle"], server.Asked);
        Assert.False(server.State.MayOpen);
        idle.AnswerReclaim();
        busy.EndLease();
        Assert.Equal((1, 0), (busy.Permits, idle.Permits));
        Assert.True(server.State.MayOpen);
    }

    [Fact]
    public void An_older_share_that_comes_late_changes_nothing()
    {
        Give(4);
        Give(2);
        _shared.Server.Tell(new ShareGiven(_shared.Epoch - 1, 4, MonotonicClock.NowOf(_time) + Long));
        Assert.Equal(2, _shared.Server.Ledger.Limit.InForce);
    }

    [Fact]
    public void The_same_share_again_holds_for_longer_and_never_for_less()
    {
        Give(2, TimeSpan.FromSeconds(10));
        _shared.Server.Tell(new ShareGiven(_shared.Epoch, 2, MonotonicClock.NowOf(_time) + TimeSpan.FromSeconds(1)));
        _shared.Server.Advance(TimeSpan.FromSeconds(9));
        Assert.True(_shared.Server.State.MayOpen);
    }

    [Fact]
    public void A_budget_that_begins_anew_keeps_to_the_share_in_force()
    {
        Give(3);
        var state = _shared.Server.State;
        var anew = new BudgetLedger(state, _shared.Server.Options, SimulatedServer.MaxPerTenant, _time, new Random(1));
        Assert.Equal((3, 3), (anew.Limit.InForce, state.Limit));
    }

    [Fact]
    public void A_refusal_of_the_server_without_any_permit_out_is_survived()
    {
        _shared.Server.Tell(ServerFull.Instance);
        Give(3);
        Assert.Equal(1, _shared.Server.Ledger.Limit.InForce);
    }

    [Fact]
    public void What_is_said_of_the_budget_has_its_permits_its_leases_and_its_waiters()
    {
        var server = _shared.Server;
        Give(3);
        server.BusyPool("busy");
        server.IdlePool("idle");
        server.BusyPool("full");
        server.Pool("waits").Call();
        var need = _shared.Report();
        Assert.Equal((5, true, 3, 2, 1), (need.Limit, need.IsLimitKnown, need.Held, need.InUse, need.Waiting));
    }

    [Fact]
    public void Changes_are_said_at_once_and_then_once_in_a_while()
    {
        var server = _shared.Server;
        Give(5);
        Assert.Null(_shared.Consider());
        var told = _shared.Told.Count;
        server.Pool("a").Call();
        var due = _shared.Consider();
        Assert.Equal(ShareReports.Pause, due - server.Ledger.Now);
        server.Advance(ShareReports.Pause);
        Assert.Null(_shared.Consider());
        Assert.Null(_shared.Consider());
        Assert.Equal(told + 1, _shared.Told.Count);
    }

    private void Give(int permits, TimeSpan? validFor = null) => _shared.Give(permits, MonotonicClock.NowOf(_time) + (validFor ?? Long));

    /// <summary>A server of five connections, a part of which is ours.</summary>
    private sealed class SharedServer : IShareKeeper
    {
        private readonly TimeProvider _time;
        private readonly ShareReports _reports;

        public SharedServer(TimeProvider time)
        {
            _time = time;
            Server = new SimulatedServer(new ServerOptions { MaxConnections = 5, MaxConcurrentOpens = 8 }, time: time, shares: this);
            _reports = new ShareReports(Server.State.Share!, Server.Ledger);
        }

        public SimulatedServer Server { get; }

        public List<ServerNeed> Told { get; } = [];

        public long Epoch { get; private set; }

        public NodeShare Begin(ServerState server) => new(this, new MonotonicClock(_time));

        public void Report(ServerNeed need) => Told.Add(need);

        public void Give(int permits, TimeSpan until) => Server.Tell(new ShareGiven(++Epoch, permits, until));

        public TimeSpan? Consider() => _reports.Consider();

        public ServerNeed Report()
        {
            _reports.Send();
            return Told[^1];
        }
    }
}
