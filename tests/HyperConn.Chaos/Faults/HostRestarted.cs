using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>The host is stopped while everybody works, and another one is started.</summary>
internal sealed class HostRestarted : IFault
{
    public string Name => "host-restart";

    public Part Part => Part.Host;

    public TimeSpan Aftermath => TimeSpan.FromSeconds(1);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random) => new(
        "the host is stopped and started again",
        [
            Allowance.Everywhere(ErrorClass.Of(HyperConnErrorCode.ShuttingDown), ErrorClass.HostStopped, ErrorClass.NoAnswer),

            // A context is made by the host's container, which says so itself when it has gone.
            new Allowance("EF", error => error.Flavour == "EF", [nameof(ObjectDisposedException)]),
        ],
        async () => await world.Hosts.StopAsync(),
        world.Hosts.StartAsync);
}
