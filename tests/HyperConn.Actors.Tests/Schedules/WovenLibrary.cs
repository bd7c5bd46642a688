using HyperConn.Schedules.Exploring;
using HyperConn.Schedules.Weaving;

namespace HyperConn.Tests.Schedules;

/// <summary>The library as it was built, woven; and the scenarios, which use it in place of the other.</summary>
internal static class WovenLibrary
{
    /// <summary>Raises the bound on preemptions of every scenario.</summary>
    public const string PreemptionsVariable = "HYPERCONN_SOAK_PREEMPTIONS";

    /// <summary>A scenario's name and a schedule, as a finding has it: this one is played, and no other.</summary>
    public const string ScheduleVariable = "HYPERCONN_SCHEDULE";

    private static readonly string Library = typeof(TenantKey).Assembly.Location;
    private static readonly string Specs = typeof(WovenLibrary).Assembly.Location;

    private static readonly Lazy<byte[]> WovenSpecs = new(() =>
        new Weaver(Specs, type => type.StartsWith("HyperConn.Tests.Schedules.Programs.", StringComparison.Ordinal)).Weave());

    private static readonly Lazy<WovenWorld> World = new(() => Load(mutation: null));

    public static int? Preemptions { get; } =
        int.TryParse(Environment.GetEnvironmentVariable(PreemptionsVariable), out var preemptions) ? preemptions : null;

    /// <summary>A scenario, on the woven library.</summary>
    public static Scenario Scenario(Type scenario) => World.Value.Scenario(scenario);

    /// <summary>The schedule to be played of a scenario; null: all.</summary>
    public static string? ScheduleOf(string scenario) =>
        Environment.GetEnvironmentVariable(ScheduleVariable) is { } asked && asked.StartsWith($"{scenario} ", StringComparison.Ordinal)
            ? asked[(scenario.Length + 1)..]
            : null;

    /// <summary>A scenario of the library, by its name.</summary>
    public static Scenario Scenario(string name) => Scenario(Named(name));

    public static Type Named(string scenario) => typeof(WovenLibrary).Assembly.GetType($"HyperConn.Tests.Schedules.Scenarios.{scenario}", throwOnError: true)!;

    /// <summary>The library with a fault.</summary>
    public static WovenWorld Load(Mutation? mutation) => new(new Dictionary<string, byte[]>
    {
        [Path.GetFileNameWithoutExtension(Library)] = new Weaver(Library, IsOurs, Meant.Races).Weave(mutation),
        [Path.GetFileNameWithoutExtension(Specs)] = WovenSpecs.Value,
    });

    // What counts coverage is no part of the library, and would be steps of every thread.
    private static bool IsOurs(string type) => !type.StartsWith("Coverlet.", StringComparison.Ordinal);
}
