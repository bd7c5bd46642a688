using Akka.Actor;
using HyperConn.Opening;

namespace HyperConn.Pools;

/// <summary>Callers of tenants that an operator paused: they wait until the tenant is resumed. Used by the supervisor only.</summary>
/// <param name="runtime">Settings and restrictions.</param>
/// <param name="timers">Whose timers end waits.</param>
/// <param name="admit">Has the callers of an entry ask once more.</param>
internal sealed class PausedTenants(PoolRuntime runtime, IWithTimers timers, Action<PoolEntry> admit)
{
    private readonly Dictionary<TenantKey, PoolEntry> _paused = [];

    private OperatorRestrictions Restrictions => runtime.Restrictions;

    public bool Has(TenantKey tenant) => _paused.ContainsKey(tenant);

    /// <summary>The entry in which callers of a paused tenant wait; null: it isn't paused.</summary>
    public PoolEntry? WaitIfPaused(TenantKey tenant, Func<TenantKey, PoolEntry> create)
    {
        if (Restrictions.OfTenant(tenant) is not { Kind: RestrictionKind.Paused })
            return null;
        if (!_paused.TryGetValue(tenant, out var entry))
        {
            _paused.Add(tenant, entry = create(tenant));
            StartTimer(entry);
        }

        return entry;
    }

    /// <summary>Callers have deadlines of their own; this is for actors that asked, and for the memory of those that gave up.</summary>
    public void OnPausedTooLong(PausedTooLong paused)
    {
        if (!_paused.TryGetValue(paused.Entry.Tenant, out var entry) || !ReferenceEquals(entry, paused.Entry))
            return;
        entry.RefuseWhoWaitsForEver(Restrictions.OfTenant(entry.Tenant) is { } restriction
            ? OperatorRestrictions.Failure(restriction, entry.Tenant)
            : OpenFailures.TimedOut(entry.Tenant, runtime.Options.Pools.AcquireTimeout, "the tenant was paused"));

        // Later callers still have time.
        if (entry.HasCallers)
            StartTimer(entry);
        else
            _paused.Remove(entry.Tenant);
    }

    /// <summary>Refuses those whose tenant is banned by now.</summary>
    public void RefuseBanned()
    {
        foreach (var entry in _paused.Values.ToArray())
        {
            if (Restrictions.OfTenant(entry.Tenant) is not { Kind: RestrictionKind.Banned } ban)
                continue;
            Remove(entry);
            entry.Refuse(OperatorRestrictions.Failure(ban, entry.Tenant));
        }
    }

    /// <summary>Starts what is no longer paused.</summary>
    /// <returns>Tenants that go on.</returns>
    public int Resume()
    {
        var resumed = _paused.Values.Where(e => Restrictions.OfTenant(e.Tenant) is not { Kind: RestrictionKind.Paused }).ToArray();
        foreach (var entry in resumed)
        {
            Remove(entry);
            admit(entry);
        }

        return resumed.Length;
    }

    public void RefuseAll(Func<TenantKey, HyperConnFailure> reason)
    {
        foreach (var entry in _paused.Values)
            entry.Refuse(reason(entry.Tenant));
        _paused.Clear();
    }

    private void StartTimer(PoolEntry entry) =>
        timers.Timers.StartSingleTimer((entry, "paused"), new PausedTooLong(entry), runtime.Options.Pools.AcquireTimeout);

    private void Remove(PoolEntry entry)
    {
        _paused.Remove(entry.Tenant);
        timers.Timers.Cancel((entry, "paused"));
    }
}

/// <summary>Callers of a paused tenant have waited as long as callers wait for anything.</summary>
internal sealed record PausedTooLong(PoolEntry Entry) : INoSerializationVerificationNeeded;
