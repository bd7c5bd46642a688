namespace HyperConn.Pools;

/// <summary>Answer to <see cref="GetPoolsSnapshot"/>.</summary>
/// <param name="Resolving">Pools being made.</param>
/// <param name="Tenants">One entry for each live pool and each tenant with a remembered failure.</param>
internal sealed record PoolsSnapshot(int Resolving, IReadOnlyList<TenantStatistics> Tenants) : IPoolMessage
{
    public static PoolsSnapshot Take(PoolRuntime runtime, PoolRegistry registry, PoolRoom room)
    {
        var resolving = 0;
        var tenants = new List<TenantStatistics>(registry.Count);
        var draining = CountDraining(runtime);
        foreach (var entry in registry.All)
        {
            if (!entry.IsReady)
                resolving++;
            tenants.Add(TenantSnapshot.Of(
                runtime, entry.Handle, entry.IsReady, draining.GetValueOrDefault(entry.Tenant), entry.SkipReason is null ? null : room.WhySkipped(entry)));
        }

        foreach (var handle in runtime.Handles.Values)
        {
            if (registry.Find(handle.Tenant) is null && (handle.LastFailure is not null || handle.Login.IsOpen))
                tenants.Add(TenantSnapshot.Of(runtime, handle, ready: false, draining.GetValueOrDefault(handle.Tenant)));
        }

        return new PoolsSnapshot(resolving, tenants);
    }

    private static Dictionary<TenantKey, int> CountDraining(PoolRuntime runtime)
    {
        var counts = new Dictionary<TenantKey, int>();
        foreach (var generation in runtime.Generations)
        {
            if (generation.Word.IsDraining)
                counts[generation.Tenant] = counts.GetValueOrDefault(generation.Tenant) + 1;
        }

        return counts;
    }
}
