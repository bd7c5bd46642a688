using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

/// <summary>The limit by itself: what was presumed of it, and how its learned ceiling rises.</summary>
public class BudgetLimitSpecs
{
    private static readonly BudgetTuning Tuning = BudgetTuning.Default;

    [Fact]
    public void What_another_host_of_the_cluster_has_is_presumed_until_this_one_is_asked()
    {
        var limit = Limit(new ServerOptions { Headroom = 0 });
        limit.Presume(40, 3);
        Assert.Equal((37, false), (limit.InForce, limit.IsKnown));
        limit.Read(30, 3);
        Assert.Equal((27, true), (limit.InForce, limit.IsKnown));
        limit.Presume(90, 3);
        Assert.Equal(27, limit.InForce);
    }

    [Fact]
    public void A_host_with_nothing_but_reserved_slots_is_presumed_to_have_one()
    {
        var limit = Limit(new ServerOptions { Headroom = 0 });
        limit.Presume(3, 3);
        Assert.Equal(1, limit.InForce);
    }

    [Fact]
    public void A_ceiling_rises_when_its_time_has_come_and_then_not_at_once_again()
    {
        var limit = Limit(new ServerOptions { MaxConnections = 50 });
        Assert.Null(limit.RisesAt);
        limit.Refused(11, TimeSpan.Zero);
        Assert.Equal(10, limit.InForce);
        var first = Assert.NotNull(limit.RisesAt);
        Assert.InRange(first, Tuning.RecoveryInterval, Tuning.RecoveryInterval * 1.5);

        Assert.False(limit.Rise(first - TimeSpan.FromTicks(1)));
        Assert.Equal(10, limit.InForce);
        Assert.False(limit.Rise(first));
        Assert.Equal(11, limit.InForce);
        var second = Assert.NotNull(limit.RisesAt);
        Assert.InRange(second, first + Tuning.RecoveryInterval, first + (Tuning.RecoveryInterval * 1.5));
        Assert.False(limit.Rise(first));
        Assert.Equal(11, limit.InForce);
    }

    [Fact]
    public void Without_a_limit_the_ceiling_goes_at_twice_the_most_that_was_refused()
    {
        var limit = Limit(new ServerOptions { MaxConnections = ServerOptions.Unlimited });
        limit.Refused(20, TimeSpan.Zero);
        limit.Refused(5, TimeSpan.Zero);
        Assert.Equal(4, limit.InForce);
        while (!limit.Rise(limit.RisesAt!.Value))
            Assert.InRange(limit.InForce, 5, 39);
        Assert.Null(limit.RisesAt);
        Assert.Equal(ServerOptions.Unlimited, limit.InForce);
    }

    [Fact]
    public void Without_a_limit_a_ceiling_rises_to_what_the_server_has_or_well_above_where_it_refused()
    {
        var (known, unknown) = (Limit(Unlimited()), Limit(Unlimited()));
        known.Read(12, 0);
        Assert.Equal((12, 20), (RisesTo(known), RisesTo(unknown)));

        static ServerOptions Unlimited() => new() { MaxConnections = ServerOptions.Unlimited };

        static int RisesTo(BudgetLimit limit)
        {
            limit.Refused(10, TimeSpan.Zero);
            var highest = limit.InForce;
            while (!limit.Rise(limit.RisesAt!.Value))
                highest = limit.InForce;
            return highest + 1;
        }
    }

    private static BudgetLimit Limit(ServerOptions options) => new(options, Tuning, new Random(1));
}
