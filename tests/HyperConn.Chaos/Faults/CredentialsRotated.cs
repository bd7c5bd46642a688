using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>Some tenants' credentials are rotated, one after the other, the database first and then the secret. It costs nobody anything.</summary>
internal sealed class CredentialsRotated(bool users) : IFault
{
    private const int Tenants = 8;

    public string Name => users ? "rotate-user" : "rotate-password";

    public Part Part => Part.Secrets;

    public TimeSpan Aftermath => TimeSpan.Zero;

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var tenants = world.Tenants.Some(random, Tenants);
        return new Strike(
            $"{(users ? "another user" : "a new password")} for {tenants.Count} tenants",
            [],
            async () =>
            {
                foreach (var tenant in tenants)
                {
                    await (users ? world.Maker.RotateUserAsync(tenant) : world.Maker.RotatePasswordAsync(tenant));
                    await Task.Delay(100);
                }
            },
            () => Task.CompletedTask)
        {
            Touched = tenants,
        };
    }
}
