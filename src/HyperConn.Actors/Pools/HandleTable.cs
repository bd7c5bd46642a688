using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace HyperConn.Pools;

/// <summary>
/// The handles of tenants: of those that have a pool, the latest of those that had one or asked for one in vain, and every one that somebody holds.
/// Looking one up takes neither a lock nor a node: an open-addressed array, at most half full, that is replaced when it grows or when handles are
/// let go.
/// </summary>
/// <remarks>
/// <para>A handle is given out only with a pool, and from then on whoever holds it may have it for ever: while it is held there is no other of its
/// tenant. So one that had a pool goes from the array to the <see cref="RestingHandles"/>, in one step under the lock, and comes back from there as the
/// same object. Whoever looks in the array meanwhile finds it or asks the supervisor for a pool, who finds it here.</para>
/// <para>Whoever asks for organisations that do not exist has never seen a handle of theirs, so the latest of these are kept, for operators to see
/// why, and the others go.</para>
/// </remarks>
/// <param name="keptWithoutPool">How many handles of tenants without a pool are kept at least.</param>
/// <param name="keptAfterPool">How many handles of tenants whose pool has gone are kept at least.</param>
internal sealed class HandleTable(int keptWithoutPool = HandleTable.KeptWithoutPool, int keptAfterPool = HandleTable.KeptAfterPool)
{
    /// <summary>Handles of tenants without a pool that are kept at least; about twice as many at most, and those whose pool is being made.</summary>
    public const int KeptWithoutPool = 1_000;

    /// <summary>
    /// Handles of tenants whose pool has gone that are kept at least, with what they remember of refused logins; at most twice as many, and twice those
    /// that have a pool or had one when last looked at.
    /// </summary>
    public const int KeptAfterPool = 10_000;

    private const int Smallest = 64;

    private readonly Lock _adding = new();
    private readonly Queue<TenantDataSource> _withoutPool = new();
    private readonly Queue<TenantDataSource> _hadPool = new();
    private readonly RestingHandles _resting = new();
    private TenantDataSource?[] _slots = new TenantDataSource?[Smallest];
    private int _count;
    private int _lookAt = 2 * keptWithoutPool;
    private int _lookAtHadPool = 2 * keptAfterPool;

    /// <summary>All handles there are now, in no order: those kept here, and those that others hold.</summary>
    public IReadOnlyCollection<TenantDataSource> Values
    {
        get
        {
            lock (_adding)
                return [.. Kept, .. _resting.Held];
        }
    }

    /// <summary>Handles that are kept whether others hold them or not.</summary>
    public int KeptCount
    {
        get
        {
            lock (_adding)
                return _count;
        }
    }

    /// <summary>Handles that are known only while others hold them, those included that were not found yet to be held no more.</summary>
    public int RestingCount
    {
        get
        {
            lock (_adding)
                return _resting.Count;
        }
    }

    private IEnumerable<TenantDataSource> Kept => _slots.OfType<TenantDataSource>();

    /// <summary>The tenant's handle, wherever it is; null: it has none, or had one that nobody holds any more.</summary>
    public TenantDataSource? Find(TenantKey tenant)
    {
        if (TryGetValue(tenant, out var handle))
            return handle;
        lock (_adding)
            return TryGetValue(tenant, out handle) || _resting.TryGet(tenant, out handle) ? handle : null;
    }

    /// <summary>The tenant's handle, if it is one of those kept: every one that has a pool is.</summary>
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
            LetGo(isAwaited);
            if (_resting.TryTake(tenant, out handle))
            {
                _hadPool.Enqueue(handle);
            }
            else
            {
                handle = make(tenant);
                _withoutPool.Enqueue(handle);
            }

            if (2 * (_count + 1) > _slots.Length)
                Rebuild([.. Kept], 2 * _slots.Length);
            Put(_slots, handle);
            _count++;
            return handle;
        }
    }

    /// <summary>Lets go of what is left of handles that nobody holds any more.</summary>
    public void Tidy()
    {
        lock (_adding)
            _resting.Tidy();
    }

    private void LetGo(Func<TenantKey, bool> isAwaited)
    {
        var gone = new HashSet<TenantDataSource>(ReferenceEqualityComparer.Instance);
        if (_withoutPool.Count >= _lookAt)
            LetGoWithoutPool(gone, isAwaited);
        if (_hadPool.Count >= _lookAtHadPool)
            LetRest(gone, isAwaited);
        if (gone.Count == 0)
            return;
        _count -= gone.Count;
        var length = _slots.Length;
        while (length > Smallest && 4 * (_count + 1) <= length)
            length /= 2;
        Rebuild([.. Kept.Where(handle => !gone.Contains(handle))], length);
    }

    private void LetGoWithoutPool(HashSet<TenantDataSource> gone, Func<TenantKey, bool> isAwaited)
    {
        for (var older = _withoutPool.Count - keptWithoutPool; older > 0; older--)
        {
            var handle = _withoutPool.Dequeue();
            if (handle.HadPool)
                _hadPool.Enqueue(handle);
            else if (isAwaited(handle.Tenant))
                _withoutPool.Enqueue(handle);
            else
                gone.Add(handle);
        }

        // However many are awaited at once, each is looked at a few times only.
        _lookAt = Math.Max(2 * keptWithoutPool, 2 * _withoutPool.Count);
    }

    private void LetRest(HashSet<TenantDataSource> gone, Func<TenantKey, bool> isAwaited)
    {
        for (var older = _hadPool.Count - keptAfterPool; older > 0; older--)
        {
            var handle = _hadPool.Dequeue();
            var isInUse = handle.Current is not null || isAwaited(handle.Tenant);

            // One whose pool has gone since then is not among the oldest, wherever it stood.
            if (isInUse || handle.WasInUse)
            {
                handle.WasInUse = isInUse;
                _hadPool.Enqueue(handle);
                continue;
            }

            gone.Add(handle);
            _resting.Add(handle);
        }

        _lookAtHadPool = Math.Max(2 * keptAfterPool, 2 * _hadPool.Count);
    }

    private void Rebuild(TenantDataSource[] handles, int length)
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
