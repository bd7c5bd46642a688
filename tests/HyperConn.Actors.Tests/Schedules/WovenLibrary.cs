using HyperConn.Schedules.Exploring;
using HyperConn.Schedules.Weaving;

namespace HyperConn.Tests.Schedules;

/// <summary>The library as it was built, woven; and the scenarios, which use it in place of the other.</summary>
internal static class WovenLibrary
{
    /// <summary>Raises the bound on preemptions of every scenario.</summary>
    public const string PreemptionsVariable = "HYPERCONN_SOAK_PREEMPTIONS";

    private static readonly string Library = typeof(TenantKey).Assembly.Location;
    private static readonly string Specs = typeof(WovenLibrary).Assembly.Location;

    private static readonly Lazy<byte[]> WovenSpecs = new(() =>
        new Weaver(Specs, type => type.StartsWith("HyperConn.Tests.Schedules.Programs.", StringComparison.Ordinal)).Weave());

    private static readonly Lazy<WovenWorld> World = new(() => Load(mutation: null));

    public static int? Preemptions { get; } =
        int.TryParse(Environment.GetEnvironmentVariable(PreemptionsVariable), out var preemptions) ? preemptions : null;

    /// <summary>A scenario, on the woven library.</summary>
    public static Scenario Scenario(Type scenario) => World.Value.Scenario(scenario);

    /// <summary>Explores a scenario of the library as it is.</summary>
    public static Exploration Explore<TScenario>()
        where TScenario : Scenario => Explorer.Explore(Scenario(typeof(TScenario)));

    /// <summary>The library with a fault.</summary>
    public static WovenWorld Load(Mutation? mutation) => new(new Dictionary<string, byte[]>
    {
        [Path.GetFileNameWithoutExtension(Library)] = new Weaver(Library, exempt: Meant.Races).Weave(mutation),
        [Path.GetFileNameWithoutExtension(Specs)] = WovenSpecs.Value,
    });
}
