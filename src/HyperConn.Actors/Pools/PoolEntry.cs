using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Opening;

namespace HyperConn.Pools;

/// <summary>What the supervisor knows of one tenant's pool, from the first request to eviction. Used by the supervisor only.</summary>
internal sealed class PoolEntry(TenantDataSource handle, int sequence)
{
    public TenantDataSource Handle { get; } = handle;

    public TenantKey Tenant => Handle.Tenant;

    /// <summary>Tells this pool from earlier ones of the tenant: child names are never used again.</summary>
    public int Sequence { get; } = sequence;

    /// <summary>Nobody while the pool waits for room under the cap.</summary>
    public IActorRef Child { get; set; } = ActorRefs.Nobody;

    public bool IsReady { get; set; }

    /// <summary>Why it was not evicted when it was due; null: it was not due since it was last idle.</summary>
    public EvictionSkipReason? PassedOver { get; set; }

    public List<PoolPromise> Promises { get; } = [];

    public List<IActorRef> Askers { get; } = [];

    public long LastUsed => Handle.Current?.LastUsed ?? long.MaxValue;

    public void Answer(PoolGeneration pool)
    {
        foreach (var promise in Promises)
            promise.Keep(pool);
        foreach (var asker in Askers)
            asker.Tell(Handle.Ready);
        Forget();
    }

    public void Refuse(HyperConnFailure reason)
    {
        foreach (var promise in Promises)
            promise.Break(reason);
        foreach (var asker in Askers)
            asker.Tell(new PoolUnavailable(reason));
        Forget();
    }

    public bool HasCallers => Askers.Count > 0 || Promises.Exists(promise => !promise.Task.IsCompleted);

    /// <summary>Answers the actors that asked, and forgets callers that have gone.</summary>
    public void RefuseAskers(HyperConnFailure reason)
    {
        foreach (var asker in Askers)
            asker.Tell(new PoolUnavailable(reason));
        Askers.Clear();
        Promises.RemoveAll(promise => promise.Task.IsCompleted);
    }

    /// <summary>Hands all who wait over to another entry of the same tenant.</summary>
    public void MoveTo(PoolEntry other)
    {
        other.Promises.AddRange(Promises);
        other.Askers.AddRange(Askers);
        Forget();
    }

    private void Forget()
    {
        Promises.Clear();
        Promises.TrimExcess();
        Askers.Clear();
        Askers.TrimExcess();
    }
}
