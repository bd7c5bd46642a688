using Akka.Actor;
using HyperConn.Pools;
using HyperConn.Secrets;
using HyperConn.Servers;

namespace HyperConn.Hosting;

/// <summary>Puts the real parts together.</summary>
internal static class HyperConnActors
{
    public static IActorRef Start(ActorSystem system, PoolRuntime runtime, ISecretStore store, Random? random = null)
    {
        random ??= Random.Shared;
        var options = runtime.Options;
        var parts = new PoolParts(
            TenantPoolActor.Props,
            r => SecretFetcher.CreateProps(
                store, options.Secrets, options.ProjectName, r.Time, r.Monotonic, random, r.Loggers.CreateLogger("HyperConn.Secrets")),
            (r, server) => ServerBudget.Props(
                server,
                options.Servers,
                options.Connections.MaxPerTenant,
                options.Pools.MaxPools,
                r.Time,
                r.Loggers.CreateLogger("HyperConn.Servers")));
        system.ActorOf(LeaseWatch.CreateProps(runtime), "hyperconn-leases");
        return runtime.Supervisor = system.ActorOf(PoolSupervisorActor.CreateProps(runtime, parts), "hyperconn");
    }
}
