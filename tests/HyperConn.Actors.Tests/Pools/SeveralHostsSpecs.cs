using HyperConn.Opening;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>Permits of tenants whose credentials name several hosts.</summary>
public class SeveralHostsSpecs : OpeningSpec
{
    [Fact]
    public void What_one_host_granted_goes_back_when_nobody_waits_for_the_other_any_more()
    {
        var (a, b) = (Server("a"), Server("b"));
        var pool = Pool("acme", a, b);
        var (first, second) = (pool.Desk.Join(), pool.Desk.Join());
        Assert.Equal((1, 0), (Told<PermitWanted>(a), Told<PermitWanted>(b)));
        Assert.Equal(PermitOffer.Parked, pool.Desk.Offer(pool.Shares[0]));
        Assert.Equal(1, Told<PermitWanted>(b));

        Assert.True(pool.Leave(first));
        Assert.Equal(0, Told<PermitsReturned>(a));
        Assert.True(pool.Leave(second));
        Assert.Equal((1, 0), (Told<PermitsReturned>(a), Told<PermitsReturned>(b)));
        Assert.False(pool.Leave(second));
    }

    [Fact]
    public async Task Who_waits_for_a_permit_while_all_is_well_is_served_by_a_grant_of_each()
    {
        var (a, b) = (Server("a"), Server("b"));
        var pool = Pool("acme", a, b);
        var waiting = LeaseWait.AcquireAsync(Request(pool), pool, default).AsTask();
        Assert.Equal(PermitOffer.Parked, pool.Desk.Offer(pool.Shares[0]));
        Assert.False(waiting.IsCompleted);
        Assert.Equal(PermitOffer.TakenLast, pool.Desk.Offer(pool.Shares[1]));
        Assert.True((await PoolWorld.Within(waiting)).IsGranted);
        Assert.Equal(0, pool.Waiters);
    }
}
