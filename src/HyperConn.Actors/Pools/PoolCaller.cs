using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Opening;

namespace HyperConn.Pools;

/// <summary>Somebody who waits for a tenant's pool.</summary>
internal abstract class PoolCaller
{
    /// <summary>Whether it waits no more.</summary>
    public abstract bool HasGone { get; }

    /// <summary>Whether it has no deadline that the library knows of, so that somebody must end its wait.</summary>
    public abstract bool WaitsForEver { get; }

    /// <summary>The pool is there.</summary>
    public abstract void Answer(PoolReady ready, PoolGeneration pool);

    /// <summary>There is none.</summary>
    public abstract void Refuse(HyperConnFailure reason);
}

/// <summary>An actor that asked with <see cref="GetPool"/>.</summary>
internal sealed class AskingActor(IActorRef actor) : PoolCaller
{
    public override bool HasGone => false;

    public override bool WaitsForEver => true;

    public override void Answer(PoolReady ready, PoolGeneration pool) => actor.Tell(ready);

    public override void Refuse(HyperConnFailure reason) => actor.Tell(new PoolUnavailable(reason));
}

/// <summary>Code that awaits a promise, and ends its wait itself.</summary>
internal sealed class AwaitingCode(PoolPromise promise) : PoolCaller
{
    public override bool HasGone => promise.Task.IsCompleted;

    public override bool WaitsForEver => false;

    public override void Answer(PoolReady ready, PoolGeneration pool) => promise.Keep(ready.DataSource, pool);

    public override void Refuse(HyperConnFailure reason) => promise.Break(reason);
}
