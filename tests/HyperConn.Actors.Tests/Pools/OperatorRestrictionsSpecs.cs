using HyperConn.Pools;

namespace HyperConn.Tests.Pools;

public class OperatorRestrictionsSpecs
{
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_ban_lasts_as_long_as_it_was_said_to_though_somebody_sets_the_clock(int hours)
    {
        var time = new SetClock();
        var restrictions = new OperatorRestrictions(time);
        var now = time.GetUtcNow();
        restrictions.Set(new OperatorRestriction(OperatorTarget.Everything, RestrictionKind.Banned, "mia", "why", now, now.AddMinutes(10)));

        time.Step = TimeSpan.FromHours(hours);
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Single(restrictions.All);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Empty(restrictions.All);
    }
}
