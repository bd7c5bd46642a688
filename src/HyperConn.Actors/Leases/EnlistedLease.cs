using System.Transactions;

namespace HyperConn.Leases;

/// <summary>
/// A lease under an ambient transaction. Npgsql keeps the physical connection of a closed <see cref="Npgsql.NpgsqlConnection"/> aside until
/// the transaction it is enlisted in ends, so the lease, and with it the permit and the pool, stays until then too. Connections opened
/// meanwhile in the same transaction get the same physical connection, and continue this lease.
/// </summary>
internal sealed class EnlistedLease
{
    /// <summary>
    /// How long a lease outlives its transaction. Npgsql tells nobody when it has put the connection back, which is a few instructions after
    /// the transaction says that it is completed; a lease on its permit before that would open one connection too many.
    /// </summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(25);

    private readonly LeaseRuntime _runtime;
    private readonly PoolGeneration _pool;
    private readonly int _bucket;
    private readonly Transaction _transaction;
    private readonly Lock _gate = new();
    private bool _open = true;
    private bool _completed;
    private bool _ended;

    private EnlistedLease(LeaseRuntime runtime, PoolGeneration pool, int bucket, Transaction transaction)
    {
        _runtime = runtime;
        _pool = pool;
        _bucket = bucket;

        // A clone: the caller may dispose its own before the transaction has ended.
        _transaction = transaction.Clone();
    }

    public PoolGeneration Pool => _pool;

    /// <summary>Takes a lease over for the rest of a transaction, whose connection has just been opened in it.</summary>
    public static EnlistedLease Begin(LeaseRuntime runtime, PoolGeneration pool, int bucket, Transaction transaction)
    {
        var lease = new EnlistedLease(runtime, pool, bucket, transaction);

        runtime.Enlisted.Add(pool.Tenant, lease._transaction, lease);

        // Of a transaction that has ended already, it tells at once.
        lease._transaction.TransactionCompleted += lease.OnCompleted;
        return lease;
    }

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
        if (broken)
            _pool.EndBroken(_bucket);
        else
            _pool.EndReturned(_bucket);
    }

    /// <summary>Continues the lease, if its connection is closed and its transaction goes on.</summary>
    public bool TryResume()
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
        _ = EndAfterRestAsync();
    }

    private async Task EndAfterRestAsync()
    {
        await Task.Delay(Rest, _runtime.Time).ConfigureAwait(false);
        _pool.EndReturned(_bucket);
    }

    private void Forget() => _runtime.Enlisted.Remove(_pool.Tenant, _transaction, this);
}
