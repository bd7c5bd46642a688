using System.Collections.Concurrent;
using System.Transactions;

namespace HyperConn.Leases;

/// <summary>Leases under ambient transactions that connections of the same transaction may continue. Thread-safe.</summary>
internal sealed class EnlistedLeases
{
    private readonly ConcurrentDictionary<(TenantKey Tenant, Transaction Transaction), EnlistedLease> _leases = new();

    private int _count;

    /// <summary>One read, for the hot path.</summary>
    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>A second connection open at once is a second participant: it is counted, but the first is what others continue.</summary>
    public void Add(TenantKey tenant, Transaction transaction, EnlistedLease lease)
    {
        // Before it can be found, so that nobody finds fewer than there are.
        Interlocked.Increment(ref _count);
        if (!_leases.TryAdd((tenant, transaction), lease))
            Interlocked.Decrement(ref _count);
    }

    public void Remove(TenantKey tenant, Transaction transaction, EnlistedLease lease)
    {
        if (_leases.TryRemove(new((tenant, transaction), lease)))
            Interlocked.Decrement(ref _count);
    }

    /// <summary>Continues the lease of a connection that was closed in the same transaction; null: there is none.</summary>
    public EnlistedLease? TryResume(TenantKey tenant, Transaction transaction) =>
        _leases.TryGetValue((tenant, transaction), out var lease) && lease.TryResume() ? lease : null;
}
