using FsCheck;
using FsCheck.Fluent;
using HyperConn.Cluster.Protocol;

namespace HyperConn.Tests.Cluster.Protocol;

public class ShareDivisionSpecs
{
    [Fact]
    public void Who_wants_more_than_there_is_has_the_same_as_others_who_do() =>
        Assert.Equal([4, 3, 3], Divide(10, (0, 20), (0, 20), (0, 20)));

    [Fact]
    public void What_one_does_not_need_serves_the_others() =>
        Assert.Equal([2, 4, 4], Divide(10, (0, 2), (0, 20), (0, 20)));

    [Fact]
    public void What_is_idle_stays_where_it_is_while_nobody_needs_it() =>
        Assert.Equal(9, Divide(12, (9, 0), (0, 1))[0] - (12 - 9 - 1) / 3);

    [Fact]
    public void One_node_alone_has_all() => Assert.Equal([10], ShareDivision.Divide(10, [new ShareClaim(0, 1)], isAlone: true));

    [Fact]
    public void Of_several_nobody_has_what_nobody_needs_all_at_once() => Assert.True(Divide(10, (0, 1), (0, 0)).Sum() < 10);

    [Fact]
    public void Where_there_are_fewer_than_nodes_who_has_one_keeps_it() =>
        Assert.Equal([0, 1, 0], Divide(1, (0, 5), (1, 1), (0, 5)));

    [Fact]
    public void There_may_be_nothing_to_divide() => Assert.Equal([0, 0], Divide(-3, (4, 4), (0, 9)));

    [Fact]
    public void Whatever_is_claimed_no_more_is_given_than_there_is_and_nobody_gets_more_than_one_who_gets_less_than_it_needs() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            Arb.From(Gen.Choose(0, 60)),
            Arb.From(Gen.ListOf(Gen.Choose(0, 40).SelectMany(held => Gen.Choose(0, 80).Select(need => new ShareClaim(held, need))))),
            (capacity, claims) =>
            {
                var shares = ShareDivision.Divide(capacity, claims, isAlone: false);
                Assert.InRange(shares.Sum(), 0, capacity);
                for (var one = 0; one < shares.Length; one++)
                {
                    if (shares[one] >= Math.Max(1, claims[one].Need))
                        continue;
                    Assert.All(shares, share => Assert.True(share <= shares[one] + 1 || capacity < shares.Length, $"{share} beside {shares[one]}"));
                }
            }));

    private static int[] Divide(int capacity, params (int Held, int Need)[] claims) =>
        ShareDivision.Divide(capacity, [.. claims.Select(claim => new ShareClaim(claim.Held, claim.Need))], isAlone: false);
}
