using Akka.Actor;
using HyperConn.Leases;

namespace HyperConn.Pools;

/// <summary>What the supervisor knows of one tenant's pool, from the first request to eviction. Used by the supervisor only.</summary>
internal sealed class PoolEntry(TenantDataSource handle, int sequence)
{
    private readonly List<PoolCaller> _callers = [];

    public TenantDataSource Handle { get; } = handle;

    public TenantKey Tenant => Handle.Tenant;

    /// <summary>The answer to every Ask for this tenant.</summary>
    public PoolReady Ready { get; } = new(handle);

    /// <summary>Tells this pool from earlier ones of the tenant: child names are never used again.</summary>
    public int Sequence { get; } = sequence;

    /// <summary>Nobody while the pool waits for room under the cap.</summary>
    public IActorRef Child { get; set; } = ActorRefs.Nobody;

    public bool IsReady { get; set; }

    /// <summary>Why it was not evicted when it was due; null: it was not due since it was last idle.</summary>
    public EvictionSkipReason? SkipReason { get; set; }

    public long LastUsed => Handle.Current?.LastUsed ?? long.MaxValue;

    public bool HasCallers => _callers.Exists(caller => !caller.HasGone);

    public void Add(PoolCaller caller) => _callers.Add(caller);

    public void Answer(PoolGeneration pool)
    {
        foreach (var caller in _callers)
            caller.Answer(Ready, pool);
        Forget();
    }

    public void Refuse(HyperConnFailure reason)
    {
        foreach (var caller in _callers)
            caller.Refuse(reason);
        Forget();
    }

    /// <summary>Refuses those who would wait for ever, and forgets those that have gone.</summary>
    public void RefuseWhoWaitsForEver(HyperConnFailure reason)
    {
        foreach (var caller in _callers.Where(caller => caller.WaitsForEver))
            caller.Refuse(reason);
        _callers.RemoveAll(caller => caller.WaitsForEver || caller.HasGone);
    }

    /// <summary>Hands all who wait over to another entry of the same tenant.</summary>
    public void MoveTo(PoolEntry other)
    {
        other._callers.AddRange(_callers);
        Forget();
    }

    private void Forget()
    {
        _callers.Clear();
        _callers.TrimExcess();
    }
}
