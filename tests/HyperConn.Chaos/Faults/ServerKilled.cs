using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>A server is killed (kill -9) and started again.</summary>
internal sealed class ServerKilled(Part part) : IFault
{
    public string Name => part == Part.First ? "kill-first" : "kill-second";

    public Part Part => part;

    public TimeSpan Aftermath => TimeSpan.FromSeconds(7);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var servers = world.Servers;
        return part == Part.First
            ? new Strike(
                "kill -9 of the first server",
                [Allowance.At(Sites.Direct, Errors.Dead), Allowance.At(Sites.Pooled, [.. Errors.Dead, Errors.PoolerSays])],
                () => servers.First.Control!.KillAsync(),
                () => servers.First.Control!.StartAsync())
            : new Strike(
                "kill -9 of the primary",
                [Allowance.At(Sites.OfSecond, Errors.Dead)],
                () => servers.Second.Primary.KillAsync(),
                servers.Second.RestartPrimaryAsync);
    }
}
