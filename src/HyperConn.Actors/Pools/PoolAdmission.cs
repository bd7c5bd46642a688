using System.Globalization;
using Akka.Actor;
using HyperConn.Primitives;

namespace HyperConn.Pools;

/// <summary>What happens to a request for a pool: it joins the pool there is, has one made, waits, or is refused. Used by the supervisor only.</summary>
internal sealed class PoolAdmission(
    PoolRuntime runtime,
    PoolRegistry registry,
    PoolRoom room,
    PausedTenants paused,
    SecretNews secrets,
    Func<PoolRuntime, TenantDataSource, IActorRef, Props> poolProps,
    IActorContext context)
{
    private int _sequence;

    /// <summary>An actor asks for a pool.</summary>
    public void Admit(GetPool get, IActorRef sender)
    {
        var entry = registry.Find(get.Tenant);
        if (entry is { IsReady: true })
        {
            PoolLog.Reusing(runtime.Logger, get.Tenant);
            entry.Handle.Touch();
            sender.Tell(entry.Ready);
            return;
        }

        Admit(get.Tenant, entry, new AskingActor(sender));
    }

    /// <summary>Code asks for a pool.</summary>
    public void Admit(EnsurePool ensure)
    {
        var entry = registry.Find(ensure.Tenant);
        if (entry?.Handle.Current is { } pool)
            ensure.Promise.Keep(entry.Handle, pool);
        else
            Admit(ensure.Tenant, entry, new AwaitingCode(ensure.Promise));
    }

    private void Admit(TenantKey tenant, PoolEntry? entry, PoolCaller caller)
    {
        if (Admit(tenant, entry, out var refusal) is { } admitted)
            admitted.Add(caller);
        else
            caller.Refuse(refusal);
    }

    /// <summary>The entry a request joins; null: it is refused.</summary>
    private PoolEntry? Admit(TenantKey tenant, PoolEntry? entry, out HyperConnFailure refusal)
    {
        refusal = null!;
        if (entry is not null)
            return entry;
        if ((Refusal(tenant) ?? secrets.FailureOf(tenant)) is { } reason)
        {
            refusal = reason;
            return null;
        }

        if (paused.WaitIfPaused(tenant, NewEntry) is { } waiting)
            return waiting;
        var surplus = room.MakeRoom();
        if (surplus > 0 && runtime.Options.Pools.OnCapacity == CapacityPolicy.Reject)
        {
            refusal = PoolFailures.CapacityReached(tenant, runtime.Options.Pools.MaxPools, waited: false);
            return null;
        }

        entry = NewEntry(tenant);
        registry.Add(entry);
        if (surplus > 0 && runtime.Options.Pools.OnCapacity == CapacityPolicy.Wait)
        {
            room.Wait(entry);
            return entry;
        }

        // One line when it begins; the counter has the rest.
        if (surplus == 1)
            PoolLog.CapExceeded(runtime.Logger, tenant, runtime.Options.Pools.MaxPools);
        Start(entry);
        return entry;
    }

    private PoolEntry NewEntry(TenantKey tenant) => new(
        runtime.Handles.GetOrAdd(
            tenant, key => new TenantDataSource(runtime.Opening, key), key => registry.Find(key) is not null || paused.Has(key)),
        ++_sequence);

    private HyperConnFailure? Refusal(TenantKey tenant)
    {
        if (tenant.IsDefault)
            return CommonFailures.NoTenant();
        if (runtime.Restrictions.OfTenant(tenant) is { Kind: RestrictionKind.Banned } ban)
            return OperatorRestrictions.Failure(ban, tenant);
        return runtime.AllowedServices.Count > 0 && !runtime.AllowedServices.Contains(tenant.Service)
            ? PoolFailures.ServiceNotAllowed(tenant, runtime.AllowedServices)
            : null;
    }

    /// <summary>Callers of an entry that is no more ask once more.</summary>
    public void AskAgain(PoolEntry entry)
    {
        if (Admit(entry.Tenant, registry.Find(entry.Tenant), out var refusal) is { } admitted)
            entry.MoveTo(admitted);
        else
            entry.Refuse(refusal);
    }

    /// <summary>Makes the pool of an entry.</summary>
    public void Start(PoolEntry entry)
    {
        // Neither part can have a colon, so different tenants have different names; the sequence makes each name unique for good.
        var name = string.Create(CultureInfo.InvariantCulture, $"{Escape(entry.Tenant.Service)}:{Escape(entry.Tenant.Org)}:{entry.Sequence}");
        var child = context.ActorOf(poolProps(runtime, entry.Handle, secrets.Fetcher), name);
        context.WatchWith(child, new PoolTerminated(entry.Tenant, entry.Sequence));
        entry.Child = child;
        runtime.Counters.Created();
    }

    // Of the characters a tenant may have, only the slash is not allowed in an actor's name.
    private static string Escape(string part) => part.Replace("/", "%2F", StringComparison.Ordinal);
}
