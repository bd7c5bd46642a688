using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Oracles;

namespace HyperConn.Tests.Chaos;

/// <summary>What may be left when nobody works, how long recovery may take, and what may stand in the log.</summary>
public class RestOracleSpecs
{
    private const long Megabyte = 1 << 20;

    private static readonly RestFact Quiet = new(0, 0, 0, [new RestingPermits("pg:1", 12, 12, 40), new RestingPermits("pg:2", 12, 3, 40)]);
    private static readonly Resources First = new(0, 0, 0, 10, 50, 300, 20 * Megabyte);

    [Fact]
    public void Idle_sessions_on_permits_are_right()
    {
        var oracle = new RestOracle();
        oracle.Judge(Quiet);
        Assert.Equal((1, 0), (oracle.Observations, oracle.Found));
    }

    public static TheoryData<int> Unquiet => new(Enumerable.Range(0, 5));

    [Theory]
    [MemberData(nameof(Unquiet))]
    public void A_lease_a_waiter_an_open_and_sessions_and_permits_too_many_are_found(int which)
    {
        var oracle = new RestOracle();
        oracle.Judge(which switch
        {
            0 => Quiet with { Leases = 1 },
            1 => Quiet with { Waiting = 1 },
            2 => Quiet with { Opening = 1 },
            3 => Quiet with { Permits = [new RestingPermits("pg:1", 12, 13, 40)] },
            _ => Quiet with { Permits = [new RestingPermits("pg:1", 41, 12, 40)] },
        });
        Assert.Equal(1, oracle.Found);
    }

    [Fact]
    public void A_fault_that_did_not_come_about_is_found()
    {
        var oracle = new RecoveryOracle();
        oracle.NotAsPlanned("freeze-pooler", "its begin failed");
        Assert.Equal("freeze-pooler did not come about as planned: its begin failed", Assert.Single(oracle.Findings).What);
    }

    [Fact]
    public void What_is_back_to_the_first_calm_is_right()
    {
        var oracle = new BaselineOracle();
        oracle.Judge(First);
        oracle.Judge(First with { Threads = 60, Handles = 310, ManagedBytes = 30 * Megabyte });
        Assert.Equal(0, oracle.Found);
    }

    public static TheoryData<int> Grown => new(Enumerable.Range(0, 7));

    [Theory]
    [MemberData(nameof(Grown))]
    public void Whatever_has_grown_beyond_its_tolerance_is_found(int which)
    {
        var oracle = new BaselineOracle();
        oracle.Judge(First);
        oracle.Judge(which switch
        {
            0 => First with { Pools = 1 },
            1 => First with { Permits = 1 },
            2 => First with { Sessions = 1 },
            3 => First with { Timers = First.Timers + BaselineOracle.Timers + 1 },
            4 => First with { Threads = First.Threads + BaselineOracle.Threads + 1 },
            5 => First with { Handles = First.Handles + BaselineOracle.Handles + 1 },
            _ => First with { ManagedBytes = First.ManagedBytes * 2 + BaselineOracle.Bytes },
        });
        Assert.Equal(1, oracle.Found);
    }

    [Fact]
    public void What_the_first_calm_has_left_is_found_at_once()
    {
        var oracle = new BaselineOracle();
        oracle.Judge(First with { Sessions = 2 });
        Assert.Equal(1, oracle.Found);
    }

    [Theory]
    [InlineData(29, false, 0)]
    [InlineData(31, false, 1)]
    [InlineData(29, true, 1)]
    public void Recovery_is_in_time_and_complete(double took, bool isSomethingMissing, int found)
    {
        var oracle = new RecoveryOracle();
        oracle.Judge(new RecoveryFact(["kill"], TimeSpan.FromSeconds(took), TimeSpan.FromSeconds(30), isSomethingMissing ? ["EF at Direct"] : []));
        Assert.Equal((1, found), (oracle.Observations, oracle.Found));
    }

    [Theory]
    [InlineData("ServerUnreachable", true, 0)]
    [InlineData("PoolReady", false, 0)]
    [InlineData("Akka", false, 0)]
    [InlineData("Akka", true, 1)]
    [InlineData("PoolCrashed", true, 1)]
    [InlineData("ReturnedTooMany", true, 1)]
    [InlineData("SecretStoreThrew", true, 1)]
    public void The_log_may_tell_of_the_world_s_faults_and_not_of_its_own(string name, bool isError, int found)
    {
        var oracle = new LogOracle();
        oracle.Judge(new LogLine(name, isError, ""));
        Assert.Equal((1, found), (oracle.Observations, oracle.Found));
    }
}
