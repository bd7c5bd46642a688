using Akka.Actor;
using HyperConn.Leases;

namespace HyperConn.Pools;

/// <summary>Takes what a generation tells to the actors: its pool's, and the supervisor.</summary>
internal sealed class PoolOwner(PoolRuntime runtime, IActorRef pool) : IGenerationOwner
{
    /// <summary>The pool's actor.</summary>
    public IActorRef Pool => pool;

    public void WentIdle(PoolGeneration generation) => runtime.Supervisor.Tell(new PoolWentIdle(generation.Tenant));

    public void CredentialsStale(PoolGeneration generation) => runtime.Supervisor.Tell(new CredentialsStale(generation.Tenant.Org));

    public void Closed(PoolGeneration generation)
    {
        runtime.Generations.Remove(generation);
        pool.Tell(new GenerationClosed(generation));
    }

    public void ReclaimIdle(PoolGeneration generation, ServerShare asked, int keep) => pool.Tell(new ReclaimIdle(generation, asked, keep));

    public Task<bool> AskForNewerCredentialsAsync(PoolGeneration generation, string secretVersion, bool expired)
    {
        var newer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        pool.Tell(new CredentialsRefused(generation, secretVersion, newer, expired));
        return newer.Task;
    }
}
