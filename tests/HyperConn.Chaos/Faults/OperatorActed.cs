using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>An operator pauses, bans, drains or refreshes a server, some tenants or everything, and takes it back.</summary>
internal sealed class OperatorActed(string verb) : IFault
{
    public static IReadOnlyList<OperatorActed> All { get; } = [new("pause"), new("ban"), new("drain"), new("refresh")];

    public string Name => $"operator-{verb}";

    public Part Part => Part.Operators;

    public TimeSpan Aftermath => TimeSpan.FromSeconds(1);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var (targets, covers, whose) = Targets(world, random);

        // Who waited already before the pause may meet its deadline in it.
        string[] classes = verb switch
        {
            "pause" => [ErrorClass.Of(HyperConnErrorCode.Paused)],
            "ban" => [ErrorClass.Of(HyperConnErrorCode.Banned)],
            _ => [],
        };
        return new Strike(
            $"{verb} of {whose}",
            [new Allowance(whose, covers, classes)],
            async () =>
            {
                foreach (var target in targets)
                    await world.OrderAsync(Command(target));
            },
            async () =>
            {
                if (classes.Length == 0)
                    return;
                foreach (var target in targets)
                    await world.OrderAsync(new ResumeTenants(target, "chaos", Name));
            });
    }

    private static (IReadOnlyList<OperatorTarget> Targets, Func<ErrorFact, bool> Covers, string Whose) Targets(ChaosWorld world, Random random)
    {
        switch (random.Next(3))
        {
            case 0:
                return ([OperatorTarget.Everything], _ => true, "everything");
            case 1:
                var endpoint = world.Endpoints[random.Next(world.Endpoints.Count)];
                var site = endpoint == world.Servers.Way.Endpoint ? Site.Direct
                    : endpoint == world.Servers.PoolerWay.Endpoint ? Site.Pooled : Site.Replicated;
                return ([new OperatorTarget.Server(endpoint)], error => error.Site == site, $"server {endpoint}");
            default:
                var tenants = world.Tenants.Some(random, 10).Select(tenant => tenant.Key).ToHashSet();
                return ([.. tenants.Select(tenant => new OperatorTarget.Tenant(tenant))], error => tenants.Contains(error.Tenant), $"{tenants.Count} tenants");
        }
    }

    private OperatorCommand Command(OperatorTarget target) => verb switch
    {
        "pause" => new PauseTenants(target, "chaos", Name),
        "ban" => new BanTenants(target, "chaos", Name, TimeSpan.FromMinutes(1)),
        "drain" => new DrainTenants(target, "chaos", Name),
        _ => new RefreshTenants(target, "chaos", Name),
    };
}
