using System.Data;
using System.Transactions;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// Follows one connection object that its owner opens and closes at will, or that was opened in an ambient transaction. Each time it opens
/// counts as a lease, over the permits if need be.
/// </summary>
internal class ConnectionTracker(LeaseRuntime runtime, PoolGeneration pool, EnlistedLease? enlisted = null)
{
    private EnlistedLease? _enlisted = enlisted;
    private int _bucket;

    protected PoolGeneration Pool => pool;

    public void OnStateChange(object sender, StateChangeEventArgs change)
    {
        var connection = (NpgsqlConnection)sender;
        if (change.CurrentState == ConnectionState.Open)
            Opened(connection);
        else if (_enlisted is { } lease)
            lease.Closed(connection.FullState == ConnectionState.Broken);
        else
            pool.EndLease(connection, _bucket);
    }

    private void Opened(NpgsqlConnection connection)
    {
        _enlisted = null;
        var transaction = Transaction.Current;
        if (transaction is not null && runtime.Enlisted.TryResume(pool.Tenant, transaction) is { } lease)
        {
            if (ReferenceEquals(lease.Pool, pool))
            {
                _enlisted = lease;
                return;
            }

            lease.Closed(broken: false);
        }

        _bucket = pool.LeaseAnyway(connection);
        if (transaction is not null)
            _enlisted = EnlistedLease.Begin(runtime, pool, _bucket, transaction);
    }

    /// <summary>
    /// Lives as long as a connection object that was created unopened. Npgsql has no event for its disposal, so the garbage collector tells.
    /// </summary>
    public sealed class Pinning(LeaseRuntime runtime, PoolGeneration pool) : ConnectionTracker(runtime, pool)
    {
        ~Pinning() => Pool.Connections.Unpin();
    }
}
