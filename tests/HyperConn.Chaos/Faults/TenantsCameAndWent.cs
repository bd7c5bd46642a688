using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>Tenants are made while everybody works, and those that were made last time are deleted with all they had.</summary>
internal sealed class TenantsCameAndWent : IFault
{
    private readonly List<ChaosTenant> _made = [];

    public string Name => "tenants-come-and-go";

    public Part Part => Part.Tenants;

    public TimeSpan Aftermath => TimeSpan.FromSeconds(10);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        ChaosTenant[] old = [.. _made];
        _made.Clear();
        var (sites, suffix) = (Enum.GetValues<Site>(), random.Next().ToString("x8", System.Globalization.CultureInfo.InvariantCulture));
        var allowed = old.Select(tenant => tenant.Key).ToHashSet();
        var touched = new List<ChaosTenant>();
        return new Strike(
            $"{sites.Length} tenants are made, {old.Length} are deleted",
            [
                Allowance.Of(
                    allowed,
                    [
                        .. Errors.Ended, Errors.PoolerSays, ErrorClass.Of(HyperConnErrorCode.SecretNotFound), ErrorClass.Of(HyperConnErrorCode.LoginRefused),
                        ErrorClass.Of(HyperConnErrorCode.DatabaseUnavailable), ErrorClass.OfState("42P01"), ErrorClass.OfState("42501"),
                    ]),
            ],
            async () =>
            {
                foreach (var site in sites)
                {
                    var made = await world.Maker.CreateAsync(site, $"new{suffix}{(int)site}");
                    _made.Add(made);
                    touched.Add(made);
                }
            },
            async () =>
            {
                foreach (var tenant in old)
                    await world.Maker.DeleteAsync(tenant);
            })
        {
            Touched = touched,
        };
    }
}
