using HyperConn.Leases;

namespace HyperConn.Tests.Pools;

/// <summary>Most permits a pool takes, after a limit of the role's or the database's own was met.</summary>
public class PermitCapSpecs
{
    [Fact]
    public void It_is_what_is_configured_until_a_limit_is_met()
    {
        var cap = new PermitCap(10);
        Assert.Equal(10, cap.Current(0));
        Assert.Equal(10, cap.Current(1_000_000));
    }

    [Fact]
    public void After_that_one_more_is_tried_every_five_seconds()
    {
        var cap = new PermitCap(5);
        cap.Learn(permits: 3, now: 1_000);
        Assert.Equal(3, cap.Current(5_999));
        Assert.Equal(4, cap.Current(6_000));
        Assert.Equal(4, cap.Current(10_999));
        Assert.Equal(5, cap.Current(11_000));
        Assert.Equal(5, cap.Current(60_000));
    }

    [Fact]
    public void A_pool_may_always_have_one()
    {
        var cap = new PermitCap(5);
        cap.Learn(permits: 0, now: 0);
        Assert.Equal(1, cap.Current(0));
    }

    [Fact]
    public void What_is_learned_is_never_more_than_what_is_configured()
    {
        var cap = new PermitCap(5);
        cap.Learn(permits: 7, now: 0);
        Assert.Equal(5, cap.Current(0));
        Assert.Equal(5, cap.Current(60_000));
    }
}
