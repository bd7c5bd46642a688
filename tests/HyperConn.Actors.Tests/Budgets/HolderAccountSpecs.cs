using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

public class HolderAccountSpecs
{
    private readonly HolderAccount _account = new(new SimulatedServer(new ServerOptions()).Pool("a"));

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(1, 1, 0)]
    [InlineData(1, 0, 1)]
    [InlineData(4, 0, 4)]
    [InlineData(4, 1, 2)]
    [InlineData(8, 4, 0)]
    public void Opens_in_flight_don_t_exceed_the_connections_there_are_but_for_one(int held, int opening, int left)
    {
        (_account.Held, _account.Opening) = (held, opening);
        Assert.Equal(left, _account.OpensLeft(slowStart: true));
    }

    [Fact]
    public void Without_a_slow_start_they_may_be_any_number()
    {
        (_account.Held, _account.Opening) = (0, 5);
        Assert.Equal(int.MaxValue, _account.OpensLeft(slowStart: false));
    }
}
