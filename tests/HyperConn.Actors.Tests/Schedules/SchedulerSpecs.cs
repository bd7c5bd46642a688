using HyperConn.Schedules.Exploring;
using HyperConn.Tests.Schedules.Programs;

namespace HyperConn.Tests.Schedules;

/// <summary>The tester of schedules, shown programs whose faults and numbers of interleavings are known.</summary>
public class SchedulerSpecs
{
    [Theory]
    [InlineData(typeof(StepsOf1And1), 2)]
    [InlineData(typeof(StepsOf3And2), 10)]
    [InlineData(typeof(StepsOf5And4), 126)]
    [InlineData(typeof(StepsOf2And2And2), 90)]
    public void Without_a_bound_each_interleaving_is_tried_once(Type program, int interleavings) =>
        Assert.Equal((interleavings, true), Tried(program));

    [Theory]
    [InlineData(typeof(StepsOf4And3Without), 2)]
    [InlineData(typeof(StepsOf4And3WithOne), 7)]
    public void Within_a_bound_each_schedule_with_so_few_preemptions_is_tried_once(Type program, int schedules) =>
        Assert.Equal((schedules, true), Tried(program));

    [Theory]
    [InlineData(typeof(LockedUpdate), 2)]
    [InlineData(typeof(OrderedLocks), 2)]
    public void Who_wants_a_lock_that_another_has_takes_no_step(Type program, int interleavings) =>
        Assert.Equal((interleavings, true), Tried(program));

    [Theory]
    [InlineData(typeof(LostUpdate), FaultKind.Broken)]
    [InlineData(typeof(LostWakeUp), FaultKind.Deadlock)]
    [InlineData(typeof(TwoLocks), FaultKind.Deadlock)]
    [InlineData(typeof(MadeTwice), FaultKind.Broken)]
    [InlineData(typeof(TornWords), FaultKind.Broken)]
    [InlineData(typeof(ReusedNodes), FaultKind.Broken)]
    [InlineData(typeof(SpinsForEver), FaultKind.Livelock)]
    [InlineData(typeof(Throws), FaultKind.Threw)]
    [InlineData(typeof(HalfLockedUpdate), FaultKind.Race)]
    [InlineData(typeof(HandsOverByPlainFlag), FaultKind.Race)]
    [InlineData(typeof(HandsOverTooEarly), FaultKind.Race)]
    [InlineData(typeof(NeverTheSame), FaultKind.Differs)]
    public void A_program_with_a_fault_is_caught(Type program, FaultKind kind) => Assert.Equal(kind, Explored(program).Finding?.Fault.Kind);

    [Theory]
    [InlineData(typeof(KeptUpdate))]
    [InlineData(typeof(KeptWakeUp))]
    [InlineData(typeof(MadeOnce))]
    [InlineData(typeof(WholeWords))]
    [InlineData(typeof(HandsOverWell))]
    [InlineData(typeof(Spins))]
    public void A_program_without_one_passes(Type program)
    {
        var explored = Explored(program);
        Assert.True(explored.Finding is null, explored.Finding?.ToString());
        Assert.True(explored.IsComplete);
        Assert.True(explored.Schedules > 1);
    }

    [Fact]
    public void What_needs_two_preemptions_is_found_within_two_and_not_within_one()
    {
        Assert.Null(Explored(typeof(TwoPreemptionsWithinOne)).Finding);
        Assert.NotNull(Explored(typeof(TwoPreemptionsWithinTwo)).Finding);
    }

    [Fact]
    public void A_bound_from_outside_widens_and_never_narrows()
    {
        var scenario = WovenLibrary.Scenario(typeof(TwoPreemptionsWithinOne));
        Assert.NotNull(Explorer.Explore(scenario, preemptions: 2).Finding);
        Assert.Null(Explorer.Explore(scenario, preemptions: 0).Finding);
    }

    [Theory]
    [InlineData(typeof(LostUpdate))]
    [InlineData(typeof(LostWakeUp))]
    [InlineData(typeof(ReusedNodes))]
    [InlineData(typeof(HandsOverTooEarly))]
    public void A_schedule_that_was_found_shows_the_same_again(Type program)
    {
        var found = Explored(program).Finding!;
        Assert.Equal(found, Explorer.Replay(WovenLibrary.Scenario(program), found.Choices));
        Assert.Equal(found, Explored(program).Finding);
    }

    [Fact]
    public void A_schedule_reads_as_steps_in_the_code()
    {
        var found = Explored(typeof(LostUpdate)).Finding!;
        Assert.Equal("0 1*2 0", found.Choices);
        Assert.Equal("  0  LostUpdate.Add: Volatile.Read\n  1! LostUpdate.Add: Volatile.Read\n  1  LostUpdate.Add: Volatile.Write\n  0  LostUpdate.Add: Volatile.Write\n", found.Trace);
    }

    private static (int Schedules, bool IsComplete) Tried(Type program)
    {
        var explored = Explored(program);
        Assert.True(explored.Finding is null, explored.Finding?.ToString());
        return (explored.Schedules, explored.IsComplete);
    }

    private static Exploration Explored(Type program) => Explorer.Explore(WovenLibrary.Scenario(program));
}
