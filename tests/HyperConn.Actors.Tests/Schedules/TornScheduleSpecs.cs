using HyperConn.Schedules.Exploring;
using HyperConn.Schedules.Weaving;
using HyperConn.Tests.Schedules.Scenarios;

namespace HyperConn.Tests.Schedules;

/// <summary>
/// The scenarios can fail: in the woven library one atomic operation is torn in two, one lock not taken or one look left out, and a scenario finds
/// the schedule that shows it.
/// </summary>
public class TornScheduleSpecs
{
    [Theory]
    [InlineData("LeaseCounter", "TryTake", "CompareExchange", nameof(CounterOnePermit))]
    [InlineData("LeaseCounter", "TrySwap", "CompareExchange", nameof(CounterReclaim))]
    [InlineData("LeaseCounter", "TryEnd", "CompareExchange", nameof(CounterTwoPermits))]
    [InlineData("LeaseCounter", "End", "Add", nameof(CounterOverdraft))]
    [InlineData("LeaseCounter", "Set", "Or", nameof(CounterDrain))]
    [InlineData("LeaseCounter", "Clear", "And", nameof(CounterBuckets))]
    [InlineData("LeaseDesk", "Join", "EnterScope", nameof(DeskHandOver))]
    [InlineData("LeaseDesk", "Leave", "EnterScope", nameof(DeskGiveUp))]
    [InlineData("LeaseDesk", "End", "EnterScope", nameof(DeskHandOver))]
    [InlineData("LeaseDesk", "BeginDrain", "EnterScope", nameof(DeskDrain))]
    [InlineData("LeaseDesk", "SendQueueBack", "EnterScope", nameof(DeskSendBack))]
    [InlineData("LeaseDesk", "Offer", "EnterScope", nameof(BudgetGivenUp))]
    [InlineData("LeaseDesk", "Expect", "Increment", nameof(EvictionOfTwoExpected))]
    [InlineData("LeaseDesk", "Unexpect", "Decrement", nameof(EvictionOfTwoExpected))]
    [InlineData("LeaseTotals", "Closed", "Add", nameof(TotalsCounted))]
    [InlineData("LeaseTotals", "NotHot", "Increment", nameof(TotalsCounted))]
    [InlineData("LeaseAges", "get_Begun", "EnterScope", nameof(AgesAddedUp))]
    [InlineData("LeaseAges", "FindOld", "EnterScope", nameof(AgesLookedAt))]
    [InlineData("GenerationEnd", "TryClose", "Exchange", nameof(EndSeen))]
    [InlineData("GenerationEnd", "WhenOver", "EnterScope", nameof(EndSeen))]
    [InlineData("GenerationEnd", "SetOver", "EnterScope", nameof(EndSeen))]
    [InlineData("EnlistedLease", "Closed", "EnterScope", nameof(EnlistedEnd))]
    [InlineData("EnlistedLease", "OnCompleted", "EnterScope", nameof(EnlistedEnd))]
    [InlineData("EnlistedLease", "TryResume", "EnterScope", nameof(EnlistedEnd))]
    [InlineData("EnlistedLeases", "Add", "Increment", nameof(EnlistedTwice))]
    [InlineData("TenantDataSource", "Publish", "CompareExchange", nameof(GenerationsPublished))]
    [InlineData("HandleTable", "GetOrAdd", "EnterScope", nameof(HandleAdded))]
    [InlineData("HandleTable", "Find", "EnterScope", nameof(HandleRests))]
    [InlineData("HandleTable", "GetOrAdd", "EnterScope", nameof(HandleRests))]
    [InlineData("ServerState", "TryClaimWanted", "CompareExchange", nameof(WantedPermitsClaimed))]
    [InlineData("ServerState", "WithdrawWant", "Exchange", nameof(WantedPermitsClaimed))]
    [InlineData("ServerState", "TryAddWaiter", "Increment", nameof(ServerFullQueue))]
    [InlineData("ServerState", "RemoveWaiter", "Decrement", nameof(ServerFullQueue))]
    [InlineData("ServerState", "TryClaimLook", "Exchange", nameof(ServerLookedAt))]
    [InlineData("ServerState", "AddTimedOut", "CompareExchange", nameof(TimedOutReported))]
    [InlineData("ServerHealth", "ReportUnreachable", "EnterScope", nameof(HealthOfServer))]
    [InlineData("ServerHealth", "ReportReachable", "EnterScope", nameof(HealthOfServer))]
    [InlineData("ServerHealth", "Doubt", "EnterScope", nameof(HealthProved))]
    [InlineData("ServerHealth", "Prove", "EnterScope", nameof(HealthProved))]
    [InlineData("Circuit", "TryProbe", "EnterScope", nameof(CircuitProbes))]
    [InlineData("Circuit", "Failed", "EnterScope", nameof(CircuitReset))]
    [InlineData("Circuit", "Suspect", "EnterScope", nameof(CircuitSuspected))]
    [InlineData("CoarseClock", "Tick", "EnterScope", nameof(ClockStopped))]
    [InlineData("CatalogueShelf", "Put", "EnterScope", nameof(ShelfOfTwo))]
    [InlineData("CatalogueShelf", "Find", "EnterScope", nameof(ShelfOfTwo))]
    [InlineData("ChecksUnderWay", "Begin", "EnterScope", nameof(ChecksFound))]
    public void What_is_torn_is_found(string type, string method, string operation, string scenario) =>
        AssertFound(new Mutation(type, method, operation), scenario);

    [Theory]
    [InlineData("LeaseDesk", "Join", "ServeQueue", 0, nameof(DeskHandOver))]
    [InlineData("LeaseDesk", "Join", "WantPermits", 0, nameof(BudgetOfOne))]
    [InlineData("PoolPromise", "Keep", "Unexpect", 0, nameof(PromiseLeft))]
    [InlineData("PoolPromise", "Leave", "Unexpect", 0, nameof(PromiseLeft))]
    [InlineData("PoolGeneration", "Close", "TryClose", 1, nameof(GenerationGivenUp))]
    [InlineData("TenantGenerations", "TryReplace", "Publish", 1, nameof(GenerationEvicted))]
    [InlineData("Circuit", "ProbeAbandoned", "TakeChanged", 0, nameof(CircuitTurn))]
    public void What_is_left_out_is_found(string type, string method, string call, int instead, string scenario) =>
        AssertFound(new Mutation(type, method, call, instead), scenario);

    [Fact]
    public void Not_to_look_a_second_time_before_an_eviction_is_given_up_is_found() =>
        AssertFound(new Mutation("LeaseDesk", "TryBeginEviction", "IsInUse", Instead: 1, Nth: 1), nameof(EvictionOfExpected));

    [Fact]
    public void A_fault_that_finds_no_place_is_told() =>
        Assert.Throws<ArgumentException>(() => WovenLibrary.Load(new Mutation("LeaseCounter", "TryTake", "Exchange")));

    private static void AssertFound(Mutation mutation, string scenario)
    {
        var world = WovenLibrary.Load(mutation);
        try
        {
            var explored = Explorer.Explore(world.Scenario(WovenLibrary.Named(scenario)));
            Assert.True(explored.Finding is { Fault.Kind: not FaultKind.Differs }, $"{mutation} is not found by {scenario} in {explored.Schedules} schedules. {explored.Finding}");
        }
        finally
        {
            world.Unload();
        }
    }
}
