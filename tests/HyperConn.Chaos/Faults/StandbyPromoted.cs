using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>The primary dies, its standby is promoted, and the old primary comes back as the standby of the new one.</summary>
internal sealed class StandbyPromoted : IFault
{
    public string Name => "promote-second";

    public Part Part => Part.Second;

    public TimeSpan Aftermath => TimeSpan.FromSeconds(7);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var second = world.Servers.Second;
        var pause = TimeSpan.FromMilliseconds(random.Next(100, 1_500));
        return new Strike(
            $"kill -9 of the primary, and promotion of its standby {pause.TotalMilliseconds:0} ms later",
            [Allowance.At(Sites.OfSecond, Errors.Dead)],
            async () =>
            {
                await second.Primary.KillAsync();
                await Task.Delay(pause);
                await second.PromoteAsync();
            },
            second.RejoinAsync);
    }
}
