using System.Transactions;

namespace HyperConn.Leases;

/// <summary>
/// A lease under an ambient transaction. Npgsql keeps the physical connection of a closed <see cref="Npgsql.NpgsqlConnection"/> aside until
/// the transaction it is enlisted in ends, so the lease, and with it the permit and the pool, stays until then too. Connections opened
/// meanwhile in the same transaction get the same physical connection, and continue this lease.
/// </summary>
internal sealed class EnlistedLease
{
    private readonly LeaseRuntime _runtime;
    private readonly PoolGeneration _pool;
    private readonly int _half;
    private readonly Transaction _transaction;
    private readonly Lock _gate = new();
    private bool _open = true;
    private bool _completed;
    private bool _ended;

    private EnlistedLease(LeaseRuntime runtime, PoolGeneration pool, int half, Transaction transaction)
    {
        _runtime = runtime;
        _pool = pool;
        _half = half;

        // A clone: the caller may dispose its own before the transaction has ended.
        _transaction = transaction.Clone();
    }

    public PoolGeneration Pool => _pool;

    /// <summary>Takes a lease over for the rest of a transaction, whose connection has just been opened in it.</summary>
    public static EnlistedLease Begin(LeaseRuntime runtime, PoolGeneration pool, int half, Transaction transaction)
    {
        var lease = new EnlistedLease(runtime, pool, half, transaction);

        // A second connection open at once is a second participant: it is counted, but the first is what others continue.
        runtime.Enlisted.TryAdd((pool.Tenant, lease._transaction), lease);

        // Of a transaction that has ended already, it tells at once.
        lease._transaction.TransactionCompleted += lease.OnCompleted;
        return lease;
    }

    /// <summary>Continues the lease of a connection that was closed in the same transaction; null: there is none.</summary>
    public static EnlistedLease? TryResume(LeaseRuntime runtime, TenantKey tenant, Transaction transaction) =>
        runtime.Enlisted.TryGetValue((tenant, transaction), out var lease) && lease.TryResume() ? lease : null;

    /// <summary>The connection was closed, or did not open: the physical one stays with the transaction.</summary>
    public void Closed(bool broken)
    {
        lock (_gate)
        {
            _open = false;
            if (_ended || !(broken || _completed))
                return;
            _ended = true;
        }

        Forget();
        _pool.EndEnlisted(_half, broken ? EnlistedEnd.Broken : EnlistedEnd.Returned);
    }

    private bool TryResume()
    {
        lock (_gate)
        {
            if (_open || _completed || _ended)
                return false;
            return _open = true;
        }
    }

    private void OnCompleted(object? sender, TransactionEventArgs e)
    {
        lock (_gate)
        {
            _completed = true;
            if (_open || _ended)
                return;
            _ended = true;
        }

        Forget();

        // This runs in the midst of Npgsql's commit, which gives the connection back only after it.
        ThreadPool.UnsafeQueueUserWorkItem(static lease => lease._pool.EndEnlisted(lease._half, EnlistedEnd.SetFree), this, preferLocal: false);
    }

    private void Forget() => _runtime.Enlisted.TryRemove(new((_pool.Tenant, _transaction), this));
}

/// <summary>How an <see cref="EnlistedLease"/> ended.</summary>
internal enum EnlistedEnd
{
    /// <summary>The transaction had ended before: the connection went back to the pool when it was closed.</summary>
    Returned,

    /// <summary>The transaction ended after the connection was closed, which may be on its way back to the pool still.</summary>
    SetFree,

    /// <summary>The connection is gone.</summary>
    Broken,
}
