using Akka.Actor;
using HyperConn.Pools;
using HyperConn.Secrets;
using HyperConn.Tests.Pools;

namespace HyperConn.Tests.Growth;

/// <summary>The supervisor says which secrets may be forgotten: those of which it has no pool.</summary>
public class SecretsInUseSpecs : PoolSpec
{
    [Fact]
    public async Task Only_organisations_without_a_pool_may_go()
    {
        await World.Get("live");
        await World.Get("evicted");
        await World.Evict("evicted");
        World.Secrets.Holds = true;
        var making = World.Ask("making");
        Ask("live", "evicted", "making", "never");
        Assert.Equal(["evicted", "never"], World.Secrets.Forgotten);
        World.Secrets.Release();
        Assert.IsType<PoolReady>(await making);
    }

    [Fact]
    public async Task During_a_shutdown_too()
    {
        var lease = await World.Hold("live");
        World.Supervisor.Tell(new DrainAll(TimeSpan.FromMinutes(1)), ActorRefs.NoSender);
        Ask("live", "never");
        Assert.Equal(["never"], World.Secrets.Forgotten);
        lease.End();
    }

    private void Ask(params string[] orgs) => World.Secrets.Actor.Tell(new ScriptedSecrets.Tell(new SecretsUnused(orgs)), ActorRefs.NoSender);
}
