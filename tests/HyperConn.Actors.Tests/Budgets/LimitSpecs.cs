using HyperConn.Configuration;
using HyperConn.Servers;
using static HyperConn.Tests.Budgets.GrantSpecs;

namespace HyperConn.Tests.Budgets;

public class LimitSpecs
{
    private static readonly TimeSpan Interval = BudgetTuning.Default.RecoveryInterval;

    [Theory]
    [InlineData(100, 3, 0.2, 77)]
    [InlineData(40, 3, 0.0, 37)]
    [InlineData(13, 3, 0.9, 1)]
    [InlineData(13, 3, 0.2, 8)]
    [InlineData(4, 3, 0.95, 1)]
    [InlineData(3, 3, 0.2, 1)]
    public void In_auto_the_limit_is_what_the_server_has_less_headroom(int max, int reserved, double headroom, int limit)
    {
        var server = new SimulatedServer(new ServerOptions { Headroom = headroom });
        Assert.True(server.State.CapacityUnknown);

        server.Tell(new ServerCapacityRead(max, reserved));

        Assert.Equal(limit, server.State.Limit);
        Assert.False(server.State.CapacityUnknown);
    }

    [Theory]
    [InlineData(8, 8)]
    [InlineData(100, 8)]
    [InlineData(2, 2)]
    public void In_auto_the_limit_is_small_until_the_server_was_asked(int opens, int limit)
    {
        Assert.Equal(limit, new SimulatedServer(new ServerOptions { MaxConcurrentOpens = opens }).State.Limit);
    }

    [Fact]
    public void Callers_beyond_the_provisional_limit_are_served_once_the_server_was_asked()
    {
        var server = new SimulatedServer(new ServerOptions { MaxConcurrentOpens = 50 });
        for (var i = 0; i < 20; i++)
            server.Pool($"o{i}").Call();
        Assert.Equal(8, server.Grants.Count);

        server.Tell(new ServerCapacityRead(100, 3));

        Assert.Equal(20, server.Grants.Count);
    }

    [Fact]
    public void In_auto_a_pooler_gets_what_PgBouncer_takes_by_default_less_headroom_whatever_a_server_behind_says()
    {
        var server = new SimulatedServer(new ServerOptions());
        server.Tell(new ServerCapacityRead(1_000, 3));

        server.Tell(PoolerFound.Instance);

        Assert.Equal(80, server.State.Limit);
        Assert.False(server.State.CapacityUnknown);

        server.Tell(new ServerCapacityRead(100, 3));
        Assert.Equal(77, server.State.Limit);
    }

    [Fact]
    public void A_declared_number_wins_over_what_the_server_says()
    {
        var server = Limit(200);

        server.Tell(new ServerCapacityRead(100, 3));

        Assert.Equal(200, server.State.Limit);
    }

    [Fact]
    public void A_refusal_lowers_the_ceiling_to_one_less_than_was_out()
    {
        var server = Limit(50);
        server.BusyPool("a", 6);
        server.BusyPool("b", 4);

        server.Tell(ServerFull.Instance);

        Assert.Equal(9, server.State.Limit);
        Assert.Equal(1, server.Ledger.Statistics().Refusals);
        server.Pool("c").Call();
        Assert.DoesNotContain("c", server.Grants);
    }

    [Fact]
    public void A_burst_of_refusals_counts_each_permit_given_back()
    {
        var server = new SimulatedServer(new ServerOptions { MaxConnections = 50, MaxConcurrentOpens = 8 });
        server.BusyPool("a", 4);
        var pools = Enumerable.Range(0, 3).Select(i => server.Pool($"o{i}")).ToList();
        foreach (var pool in pools)
            pool.Call();

        foreach (var pool in pools)
            pool.EndOpen(well: false, serverFull: true);

        Assert.Equal(4, server.State.Limit);
        Assert.Equal(4, server.Ledger.Granted);
    }

    [Fact]
    public void The_ceiling_never_falls_below_one()
    {
        var server = Limit(50);
        server.Tell(ServerFull.Instance);
        server.Tell(ServerFull.Instance);

        Assert.Equal(1, server.State.Limit);
    }

    [Fact]
    public void The_ceiling_rises_by_one_at_a_time_and_never_above_the_limit()
    {
        var server = Limit(5);
        server.BusyPool("a", 4);
        server.Tell(ServerFull.Instance);
        var seen = new List<int> { server.State.Limit };

        for (var i = 0; i < 5; i++)
        {
            server.Advance(Interval * 1.5);
            seen.Add(server.State.Limit);
        }

        Assert.Equal([3, 4, 5, 5, 5, 5], seen);
        Assert.Null(server.Ledger.NextDue());
    }

    [Fact]
    public void The_ceiling_of_a_large_server_rises_in_larger_steps()
    {
        var server = Limit(800);
        server.BusyPool("a", 4);
        server.Tell(ServerFull.Instance);

        server.Advance(Interval * 1.5);

        Assert.Equal(3 + 8, server.State.Limit);
    }

    [Fact]
    public void The_ceiling_does_not_rise_before_its_time()
    {
        var server = Limit(5);
        server.BusyPool("a", 4);
        server.Tell(ServerFull.Instance);

        server.Advance(Interval - TimeSpan.FromMilliseconds(1));

        Assert.Equal(3, server.State.Limit);
        Assert.InRange(server.Ledger.NextDue()!.Value, TimeSpan.Zero, Interval);
    }

    [Fact]
    public void Waiting_callers_get_what_a_rising_ceiling_allows()
    {
        var server = Limit(5);
        server.BusyPool("a", 4);
        server.Tell(ServerFull.Instance);
        server.Pool("b").Call();

        server.Advance(Interval * 1.5);
        Assert.DoesNotContain("b", server.Grants);
        server.Advance(Interval * 1.5);

        Assert.Contains("b", server.Grants);
    }

    [Fact]
    public void Without_a_limit_the_ceiling_goes_once_it_is_well_above_where_the_server_refused()
    {
        var server = Limit(ServerOptions.Unlimited);
        server.BusyPool("a", 4);
        server.Tell(ServerFull.Instance);
        Assert.Equal(3, server.State.Limit);

        for (var i = 0; i < 5; i++)
            server.Advance(Interval * 1.5);

        Assert.Equal(ServerOptions.Unlimited, server.State.Limit);
        Assert.Null(server.Ledger.NextDue());
    }

    [Fact]
    public void A_raised_limit_serves_who_waits()
    {
        var server = new SimulatedServer(new ServerOptions { Headroom = 0 });
        server.Tell(new ServerCapacityRead(1, 0));
        server.BusyPool("a");
        server.Pool("b").Call();
        Assert.Equal(["a"], server.Grants);

        server.Tell(new ServerCapacityRead(2, 0));

        Assert.Equal(["a", "b"], server.Grants);
    }

    [Fact]
    public void Nothing_is_due_on_a_server_at_rest()
    {
        var server = Limit(5);
        server.IdlePool("a", 3);

        Assert.Null(server.Ledger.NextDue());
    }

    [Fact]
    public void Floors_and_reserves_that_don_t_fit_are_refused()
    {
        Assert.Empty(BudgetRules.Validate(new ServerOptions()));
        Assert.Empty(BudgetRules.Validate(new ServerOptions { MaxConnections = 10, FloorPerTenant = 2, Reserve = 2 }, maxPools: 5));
        Assert.Contains("FloorPerTenant (11)", Fault(new ServerOptions { MaxConnections = 10, FloorPerTenant = 11 }, 1), StringComparison.Ordinal);
        Assert.Contains("needs 12 connections", Fault(new ServerOptions { MaxConnections = 10, FloorPerTenant = 2 }, 6), StringComparison.Ordinal);
        Assert.Contains("leaves nothing", Fault(new ServerOptions { MaxConnections = 10, FloorPerTenant = 1, Reserve = 10 }, 6), StringComparison.Ordinal);
        Assert.Contains("FloorPerTenant is 0", Fault(new ServerOptions { Reserve = 1 }, null), StringComparison.Ordinal);
        Assert.Empty(BudgetRules.Validate(new ServerOptions { MaxConnections = ServerOptions.Unlimited, FloorPerTenant = 10_000 }, 1_000_000));

        static string Fault(ServerOptions options, int? maxPools) => Assert.Single(BudgetRules.Validate(options, maxPools));
    }
}
