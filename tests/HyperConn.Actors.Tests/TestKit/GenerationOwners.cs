using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Pools;

namespace HyperConn.Tests;

/// <summary>Who owns generations in specs.</summary>
internal static class GenerationOwners
{
    /// <summary>The actor of the pool that made a generation.</summary>
    public static IActorRef OwnerActor(this PoolGeneration generation) => ((PoolOwner)generation.Owner).Pool;

    /// <summary>An owner that nobody listens to.</summary>
    public static IGenerationOwner Nobody(PoolRuntime runtime) => new PoolOwner(runtime, ActorRefs.Nobody);
}
