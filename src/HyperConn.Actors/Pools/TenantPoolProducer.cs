using Akka.Actor;

namespace HyperConn.Pools;

/// <summary>Makes a <see cref="TenantPoolActor"/>, without an expression that is read and run each time.</summary>
internal sealed class TenantPoolProducer(PoolRuntime runtime, TenantDataSource handle, IActorRef fetcher) : IIndirectActorProducer
{
    /// <inheritdoc/>
    public Type ActorType => typeof(TenantPoolActor);

    /// <inheritdoc/>
    public ActorBase Produce() => new TenantPoolActor(runtime, handle, fetcher);

    /// <inheritdoc/>
    public void Release(ActorBase actor)
    {
        // Nothing was kept.
    }
}
