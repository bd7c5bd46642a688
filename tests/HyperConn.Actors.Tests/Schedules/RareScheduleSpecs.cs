using System.Globalization;
using HyperConn.Schedules.Exploring;
using Xunit.Abstractions;

namespace HyperConn.Tests.Schedules;

/// <summary>
/// The library's lock-free parts and those under locks, through every order in which few threads can take their steps.
/// docs/rare-schedules.md says what is covered.
/// </summary>
public class RareScheduleSpecs(ITestOutputHelper output)
{
    public static TheoryData<string> Scenarios => [.. Names];

    internal static IReadOnlyList<string> Names { get; } =
        [.. typeof(RareScheduleSpecs).Assembly.GetTypes().Where(IsScenario).Select(type => type.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void No_schedule_breaks_it(string scenario)
    {
        var played = WovenLibrary.Scenario(scenario);
        if (WovenLibrary.ScheduleOf(scenario) is { } schedule)
        {
            var replayed = Explorer.Replay(played, schedule);
            Assert.True(replayed is null, $"{scenario}\n{replayed}");
            return;
        }

        var explored = Explorer.Explore(played, WovenLibrary.Preemptions);
        var bound = played.Preemptions is { } preemptions ? Math.Max(preemptions, WovenLibrary.Preemptions ?? 0).ToString(CultureInfo.InvariantCulture) : "all";
        output.WriteLine($"{scenario}: {explored.Threads} threads, bound {bound}, {explored.Schedules} schedules, {explored.MostSteps} steps at most{(explored.IsComplete ? "" : ", not all")}");
        Assert.True(explored.Finding is null, $"{scenario}\n{explored.Finding}");
        Assert.True(explored.IsComplete || WovenLibrary.Preemptions is not null, $"{scenario} has more than {explored.Schedules} schedules.");
        Assert.True(explored.Schedules > 1, "Nothing was there to choose.");
    }

    private static bool IsScenario(Type type) =>
        !type.IsAbstract && type.IsAssignableTo(typeof(Scenario)) && type.Namespace == $"{typeof(RareScheduleSpecs).Namespace}.Scenarios";
}
