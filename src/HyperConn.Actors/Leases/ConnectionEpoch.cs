using System.Data;
using System.Runtime.CompilerServices;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// Listens to the connections of leases bound between two clearings of a pool. One of an epoch that was cleared does not go back to the pool.
/// </summary>
internal sealed class ConnectionEpoch
{
    private readonly PoolGeneration _pool;
    private volatile bool _isCleared;

    public ConnectionEpoch(PoolGeneration pool)
    {
        _pool = pool;
        OnFirstHalf = (sender, change) => OnStateChange(sender, change, OnFirstHalf!, 0);
        OnSecondHalf = (sender, change) => OnStateChange(sender, change, OnSecondHalf!, 1);
    }

    /// <summary>Ends leases of the word's first half. Made once: the hot path subscribes it.</summary>
    public StateChangeEventHandler OnFirstHalf { get; }

    /// <summary>Ends leases of the word's second half.</summary>
    public StateChangeEventHandler OnSecondHalf { get; }

    public bool IsCleared { get => _isCleared; set => _isCleared = value; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void OnStateChange(object sender, StateChangeEventArgs change, StateChangeEventHandler handler, int half)
    {
        if (change.CurrentState != ConnectionState.Open)
            _pool.EndLease((NpgsqlConnection)sender, half, this);
        else
            OnOpenedAgain((NpgsqlConnection)sender, change, handler);
    }

    /// <summary>The first opening came before the subscription; this is a connection object opened again by its owner.</summary>
    private void OnOpenedAgain(NpgsqlConnection connection, StateChangeEventArgs change, StateChangeEventHandler handler)
    {
        connection.StateChange -= handler;
        var tracker = _pool.Track();
        connection.StateChange += tracker.OnStateChange;
        tracker.OnStateChange(connection, change);
    }
}
