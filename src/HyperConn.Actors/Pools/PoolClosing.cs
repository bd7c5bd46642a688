using Akka.Actor;

namespace HyperConn.Pools;

/// <summary>How pools go: evicted, closed for an operator, or trimmed of connections that are idle too long. Used by the supervisor only.</summary>
internal sealed class PoolClosing(
    PoolRuntime runtime, PoolRegistry registry, PoolRoom room, ServerDirectory servers, PoolAdmission admission, IActorContext context)
{
    /// <summary>Closes the live pools of a target; those being made begin again, now under what was decided.</summary>
    public int Close(OperatorTarget target)
    {
        var affected = 0;
        foreach (var entry in registry.All.Where(entry => entry.Handle.IsOf(target)).ToArray())
        {
            // Callers of one pool that ask again may have had another evicted.
            if (!registry.Has(entry))
                continue;
            affected++;
            if (entry.IsReady)
            {
                if (!room.TryEvict(entry, EvictionReason.Requested))
                    Evict(entry, EvictionReason.Requested);
            }
            else if (!entry.Child.IsNobody())
            {
                context.Unwatch(entry.Child);
                context.Stop(entry.Child);
                Remove(entry);
                admission.AskAgain(entry);
            }
            else if (runtime.Restrictions.OfTenant(entry.Tenant) is not null && room.StopWaiting(entry))
            {
                // It must not get room now.
                admission.AskAgain(entry);
            }
        }

        room.StartWaiting();
        return affected;
    }

    /// <summary>The pool's eviction has begun, which nothing can take back: unpublish, close.</summary>
    public void Evict(PoolEntry entry, EvictionReason reason)
    {
        PoolLog.Removing(runtime.Logger, entry.Tenant, reason);
        runtime.Counters.Evicted(reason);
        if (entry.Handle.Current is { } pool)
            entry.Handle.Publish(pool, null);
        entry.Child.Tell(new ClosePool(reason));
        Remove(entry);
    }

    /// <summary>Forgets a pool that is gone.</summary>
    public void Remove(PoolEntry entry)
    {
        registry.Remove(entry);
        servers.Forget(entry.Child);
        room.Forget(entry);
    }

    /// <summary>Permits for connections that have been idle too long go back to the budgets.</summary>
    public void TrimIdle()
    {
        var before = runtime.Clock.Milliseconds - (long)runtime.Options.Connections.IdleLifetime.TotalMilliseconds;
        var keep = Math.Max(runtime.Options.Servers.KeepIdlePerTenant, runtime.Options.Servers.FloorPerTenant);
        foreach (var entry in registry.All)
        {
            if (entry.Handle.Current is { } pool && pool.LastUsed <= before && pool.Word.Permits > keep)
                pool.Shares[0].Reclaim(keep);
        }
    }
}
