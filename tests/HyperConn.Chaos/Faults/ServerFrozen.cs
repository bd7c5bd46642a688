using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>All processes of a server are halted (SIGSTOP) and go on later: connections are accepted by the kernel, and nobody answers.</summary>
internal sealed class ServerFrozen(Part part) : IFault
{
    public string Name => part switch { Part.First => "freeze-first", Part.Second => "freeze-second", _ => "freeze-pooler" };

    public Part Part => part;

    public TimeSpan Aftermath => TimeSpan.FromSeconds(7);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        IReadOnlyList<int> frozen = [];
        return new Strike(
            $"SIGSTOP of {part switch { Part.First => "the first server", Part.Second => "the primary", _ => "the pooler" }}",
            part switch
            {
                Part.First => [Allowance.At(Sites.Direct, Errors.Silent), Allowance.At(Sites.Pooled, [.. Errors.Silent, Errors.PoolerSays])],
                Part.Second => [Allowance.At(Sites.OfSecond, Errors.Silent)],
                _ => [Allowance.At(Sites.Pooled, [.. Errors.Silent, Errors.PoolerSays])],
            },
            async () => frozen = ProcessTree.Freeze(await RootAsync(world.Servers)),
            () =>
            {
                ProcessTree.Thaw(frozen);
                return Task.CompletedTask;
            });
    }

    private async Task<int> RootAsync(ChaosServers servers) => part switch
    {
        Part.First => await ChaosServers.PostmasterAsync(servers.First.Admin()),
        Part.Second => await ChaosServers.PostmasterAsync(servers.Second.Primary.Admin()),
        _ => await servers.Pooler.ProcessAsync(),
    };
}
