using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;
using HyperConn.Testing;

namespace HyperConn.Chaos.Faults;

/// <summary>Secrets Manager throttles, fails, hangs or dawdles. Whoever's secret is known goes on; for others it is the store's fault.</summary>
internal sealed class StoreFault : IFault
{
    private readonly AwsScript _mood;
    private readonly IReadOnlyList<string> _classes;
    private readonly string _what;

    private StoreFault(string name, string what, AwsScript mood, params IReadOnlyList<string> classes) => (Name, _what, _mood, _classes) = (name, what, mood, classes);

    public static IReadOnlyList<StoreFault> All { get; } =
    [
        new("store-throttled", "throttles", AwsScripts.Throttle, ErrorClass.Of(HyperConnErrorCode.StoreThrottled)),
        new("store-failing", "answers 500", AwsScripts.InternalError, ErrorClass.Of(HyperConnErrorCode.StoreUnavailable)),
        new("store-hanging", "does not answer", AwsScripts.Hang, ErrorClass.Of(HyperConnErrorCode.StoreUnavailable), ErrorClass.Of(HyperConnErrorCode.TimedOut)),
        new("store-slow", "takes 1 s for each answer", AwsScripts.Slow(TimeSpan.FromSeconds(1))),
    ];

    public string Name { get; }

    public Part Part => Part.Secrets;

    // The store is tried again after pauses that double.
    public TimeSpan Aftermath => TimeSpan.FromSeconds(10);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var tenants = world.Tenants.Some(random, 10);
        return new Strike(
            $"Secrets Manager {_what}",
            [Allowance.Everywhere(_classes)],
            async () =>
            {
                world.Secrets.Mood = _mood;
                foreach (var tenant in tenants)
                    await world.OrderAsync(new RefreshTenants(new OperatorTarget.Tenant(tenant.Key), "chaos", Name));
            },
            () =>
            {
                world.Secrets.Mood = null;
                return Task.CompletedTask;
            })
        {
            Touched = tenants,
        };
    }
}
