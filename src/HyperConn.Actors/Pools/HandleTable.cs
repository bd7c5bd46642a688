using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace HyperConn;

/// <summary>
/// The handle of every tenant that ever had a pool. Handles are added and never removed, so looking one up takes neither a lock nor a
/// node: an open-addressed array, at most half full, that is replaced when it grows.
/// </summary>
internal sealed class HandleTable
{
    private readonly Lock _adding = new();
    private TenantDataSource?[] _slots = new TenantDataSource?[64];
    private int _count;

    /// <summary>All handles there are now, in no order.</summary>
    public IEnumerable<TenantDataSource> Values => Volatile.Read(ref _slots).OfType<TenantDataSource>();

    public TenantDataSource this[TenantKey tenant] => TryGetValue(tenant, out var handle)
        ? handle
        : throw new KeyNotFoundException($"{tenant} never had a pool.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGetValue(TenantKey tenant, [MaybeNullWhen(false)] out TenantDataSource handle)
    {
        var slots = Volatile.Read(ref _slots);
        var place = tenant.GetHashCode();
        handle = slots[place & (slots.Length - 1)];
        return handle is not null && (handle.Tenant.Equals(tenant) || TryNext(slots, tenant, place, out handle));
    }

    private static bool TryNext(TenantDataSource?[] slots, TenantKey tenant, int place, [MaybeNullWhen(false)] out TenantDataSource handle)
    {
        while (true)
        {
            place++;
            handle = slots[place & (slots.Length - 1)];
            if (handle is null)
                return false;
            if (handle.Tenant.Equals(tenant))
                return true;
        }
    }

    public TenantDataSource GetOrAdd(TenantKey tenant, Func<TenantKey, TenantDataSource> make)
    {
        lock (_adding)
        {
            if (TryGetValue(tenant, out var handle))
                return handle;
            handle = make(tenant);
            if (2 * (_count + 1) > _slots.Length)
                Grow();
            Put(_slots, handle);
            _count++;
            return handle;
        }
    }

    private void Grow()
    {
        var larger = new TenantDataSource?[2 * _slots.Length];
        foreach (var handle in Values)
            Put(larger, handle);
        Volatile.Write(ref _slots, larger);
    }

    private static void Put(TenantDataSource?[] slots, TenantDataSource handle)
    {
        var place = handle.Tenant.GetHashCode();
        while (slots[place & (slots.Length - 1)] is not null)
            place++;
        Volatile.Write(ref slots[place & (slots.Length - 1)], handle);
    }
}
