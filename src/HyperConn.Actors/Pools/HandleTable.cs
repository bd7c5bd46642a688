using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace HyperConn.Pools;

/// <summary>
/// The handle of every tenant that ever had a pool, and for a while of those that asked for one in vain. Looking one up takes neither a lock
/// nor a node: an open-addressed array, at most half full, that is replaced when it grows or when handles are let go.
/// </summary>
/// <remarks>
/// A handle is given out only with a pool, and from then on it is the tenant's for ever. Whoever asks for organisations that do not exist
/// has never seen a handle of theirs, so the latest of these are kept, for operators to see why, and the others go.
/// </remarks>
internal sealed class HandleTable
{
    /// <summary>Handles of tenants without a pool that are kept at least; about twice as many at most, and those whose pool is being made.</summary>
    public const int KeptWithoutPool = 1_000;

    private const int Smallest = 64;

    private readonly Lock _adding = new();
    private readonly Queue<TenantDataSource> _withoutPool = new();
    private TenantDataSource?[] _slots = new TenantDataSource?[Smallest];
    private int _count;
    private int _lookAt = 2 * KeptWithoutPool;

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

    /// <summary>The tenant's handle, made if need be.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="make">Makes the handle.</param>
    /// <param name="isAwaited">Whether a tenant's pool is being made, so that its handle is about to be given out.</param>
    public TenantDataSource GetOrAdd(TenantKey tenant, Func<TenantKey, TenantDataSource> make, Func<TenantKey, bool> isAwaited)
    {
        lock (_adding)
        {
            if (TryGetValue(tenant, out var handle))
                return handle;
            if (_withoutPool.Count >= _lookAt)
                LetGo(isAwaited);
            handle = make(tenant);
            _withoutPool.Enqueue(handle);
            if (2 * (_count + 1) > _slots.Length)
                Rebuild(Values, 2 * _slots.Length);
            Put(_slots, handle);
            _count++;
            return handle;
        }
    }

    private void LetGo(Func<TenantKey, bool> isAwaited)
    {
        var gone = new HashSet<TenantDataSource>(ReferenceEqualityComparer.Instance);
        for (var older = _withoutPool.Count - KeptWithoutPool; older > 0; older--)
        {
            var handle = _withoutPool.Dequeue();
            if (handle.HadPool)
                continue;
            if (isAwaited(handle.Tenant))
                _withoutPool.Enqueue(handle);
            else
                gone.Add(handle);
        }

        // However many are awaited at once, each is looked at a few times only.
        _lookAt = Math.Max(2 * KeptWithoutPool, 2 * _withoutPool.Count);
        if (gone.Count == 0)
            return;
        _count -= gone.Count;
        var length = _slots.Length;
        while (length > Smallest && 4 * (_count + 1) <= length)
            length /= 2;
        Rebuild([.. Values.Where(handle => !gone.Contains(handle))], length);
    }

    private void Rebuild(IEnumerable<TenantDataSource> handles, int length)
    {
        var slots = new TenantDataSource?[length];
        foreach (var handle in handles)
            Put(slots, handle);
        Volatile.Write(ref _slots, slots);
    }

    private static void Put(TenantDataSource?[] slots, TenantDataSource handle)
    {
        var place = handle.Tenant.GetHashCode();
        while (slots[place & (slots.Length - 1)] is not null)
            place++;
        Volatile.Write(ref slots[place & (slots.Length - 1)], handle);
    }
}
