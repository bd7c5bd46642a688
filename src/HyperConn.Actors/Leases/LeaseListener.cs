using System.Data;
using System.Runtime.CompilerServices;
using System.Transactions;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>Listens to the connections of one generation: a lease ends when its connection closes.</summary>
internal sealed class LeaseListener
{
    private readonly LeaseRuntime _runtime;
    private readonly PoolGeneration _pool;
    private readonly StateChangeEventHandler _onFirstBucket;
    private readonly StateChangeEventHandler _onSecondBucket;

    public LeaseListener(LeaseRuntime runtime, PoolGeneration pool)
    {
        _runtime = runtime;
        _pool = pool;

        // Made once: the hot path subscribes one of them.
        (_onFirstBucket, _onSecondBucket) = (OnFirstBucket, OnSecondBucket);
    }

    /// <summary>Ties a lease to its connection, which has just been opened.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="bucket">The age bucket that counts the lease.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public NpgsqlConnection Bind(NpgsqlConnection connection, int bucket)
    {
        connection.StateChange += bucket == 0 ? _onFirstBucket : _onSecondBucket;
        return connection;
    }

    /// <summary>Ties a lease under an ambient transaction to its connection, which has just been opened.</summary>
    public NpgsqlConnection Bind(NpgsqlConnection connection, EnlistedLease lease)
    {
        connection.StateChange += new Tracker(_runtime, _pool, lease).OnStateChange;
        return connection;
    }

    private void OnFirstBucket(object sender, StateChangeEventArgs change) => OnStateChange(sender, change, _onFirstBucket, 0);

    private void OnSecondBucket(object sender, StateChangeEventArgs change) => OnStateChange(sender, change, _onSecondBucket, 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void OnStateChange(object sender, StateChangeEventArgs change, StateChangeEventHandler handler, int bucket)
    {
        if (change.CurrentState != ConnectionState.Open)
            _pool.EndLease((NpgsqlConnection)sender, bucket);
        else
            OnOpenedAgain((NpgsqlConnection)sender, change, handler);
    }

    /// <summary>The first opening came before the subscription; this is a connection object opened again by its owner.</summary>
    private void OnOpenedAgain(NpgsqlConnection connection, StateChangeEventArgs change, StateChangeEventHandler handler)
    {
        connection.StateChange -= handler;
        var tracker = new Tracker(_runtime, _pool);
        connection.StateChange += tracker.OnStateChange;
        tracker.OnStateChange(connection, change);
    }

    /// <summary>
    /// Follows one connection that its owner closed and opens again, or that was opened in an ambient transaction. Each time it opens counts as
    /// a lease, over the permits if need be.
    /// </summary>
    private sealed class Tracker(LeaseRuntime runtime, PoolGeneration pool, EnlistedLease? enlisted = null)
    {
        private EnlistedLease? _enlisted = enlisted;
        private int _bucket;

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

            // Over the permits if need be: the connection is open already.
            pool.Connections.NoteSession(connection);
            _bucket = pool.Desk.TakeAnyway(out var overdrawn);
            if (overdrawn)
                pool.Desk.Permits.Overdraw();
            if (transaction is not null)
                _enlisted = EnlistedLease.Begin(runtime, pool, _bucket, transaction);
        }
    }
}
