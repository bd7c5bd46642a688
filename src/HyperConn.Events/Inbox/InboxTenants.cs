using System.Collections.Concurrent;

namespace HyperConn.Events;

/// <summary>Tenants that had ids noted since their inbox was last cleaned. Thread-safe.</summary>
internal sealed class InboxTenants
{
    /// <summary>Most tenants that wait to be cleaned. Of one more the ids stay until it has an event after the next round.</summary>
    public const int Most = 100_000;

    private readonly ConcurrentDictionary<TenantKey, byte> _tenants = new();

    // ConcurrentDictionary.Count takes all its locks.
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add(TenantKey tenant)
    {
        if (Count < Most && _tenants.TryAdd(tenant, 0))
            Interlocked.Increment(ref _count);
    }

    public bool Remove(TenantKey tenant)
    {
        if (!_tenants.TryRemove(tenant, out _))
            return false;
        Interlocked.Decrement(ref _count);
        return true;
    }

    /// <summary>Takes all out.</summary>
    public IReadOnlyList<TenantKey> TakeAll() => [.. _tenants.Keys.Where(Remove)];
}
