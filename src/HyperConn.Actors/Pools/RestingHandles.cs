using System.Diagnostics.CodeAnalysis;

namespace HyperConn.Pools;

/// <summary>
/// Handles whose pool went long ago, each for as long as somebody holds it: whoever does must find the tenant's next pool by it, and nobody may be given
/// another one meanwhile. One that nobody holds can't be told from one made anew. Not thread-safe: <see cref="HandleTable"/> has the lock.
/// </summary>
internal sealed class RestingHandles
{
    private const int Smallest = 1_000;

    private readonly Dictionary<TenantKey, WeakReference<TenantDataSource>> _handles = [];
    private int _tidyAt = Smallest;

    /// <summary>Those that are held, and those not found yet to be held no more.</summary>
    public int Count => _handles.Count;

    /// <summary>Those that are held.</summary>
    public IEnumerable<TenantDataSource> Held
    {
        get
        {
            foreach (var (_, resting) in _handles)
            {
                if (resting.TryGetTarget(out var handle))
                    yield return handle;
            }
        }
    }

    public void Add(TenantDataSource handle)
    {
        if (_handles.Count >= _tidyAt)
            Tidy();
        _handles[handle.Tenant] = new WeakReference<TenantDataSource>(handle);
    }

    public bool TryGet(TenantKey tenant, [MaybeNullWhen(false)] out TenantDataSource handle)
    {
        handle = null;
        return _handles.TryGetValue(tenant, out var resting) && resting.TryGetTarget(out handle);
    }

    /// <summary>Takes a handle out, if somebody holds it.</summary>
    public bool TryTake(TenantKey tenant, [MaybeNullWhen(false)] out TenantDataSource handle)
    {
        handle = null;
        return _handles.Remove(tenant, out var resting) && resting.TryGetTarget(out handle);
    }

    /// <summary>Lets go of places of handles that nobody holds any more.</summary>
    public void Tidy()
    {
        foreach (var (tenant, resting) in _handles)
        {
            if (!resting.TryGetTarget(out _))
                _handles.Remove(tenant);
        }

        _handles.TrimExcess();
        _tidyAt = Math.Max(Smallest, 2 * _handles.Count);
    }
}
