using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// Which opens are physical. Npgsql opens a connection when none is idle, unasked, so the bound on opens at once holds only if every permit
/// without a connection behind it is known: its next lease passes the server's gate.
/// </summary>
/// <remarks>
/// Permits lose their connection in two ways. An open that a grant paid for finds a connection that has just come back, and takes it: that
/// one's permit is then hollow. And <see cref="NpgsqlDataSource.Clear"/>, which Npgsql calls by itself when a connection breaks, closes also
/// what is in use, when it comes back. Hollow permits go back to the budget as soon as no lease covers them. While there are any, or a grant
/// is being opened, leases begin and end on the slow path, where this is counted exactly.
/// </remarks>
internal sealed partial class PoolGeneration
{
    private readonly Lock _opening = new();
    private int _hollow;
    private int _growing;

    /// <summary>Begins the open of a lease's connection.</summary>
    /// <param name="connection">The connection, closed.</param>
    /// <param name="isGranted">Whether the lease is on a permit just granted, which has no connection yet.</param>
    /// <param name="isGated">Whether the caller holds a place in the server's gate.</param>
    /// <param name="cancellationToken">Ends the open.</param>
    /// <returns>Null: the open may be physical, and needs a place in the gate first.</returns>
    public OpenBegun? BeginOpen(NpgsqlConnection connection, bool isGranted, bool isGated, CancellationToken cancellationToken)
    {
        // Whether Npgsql finds an idle connection is decided before it first waits, so one open after the other knows what is left.
        lock (_opening)
        {
            var fills = isGranted;
            lock (_gate)
            {
                if (!isGranted && _hollow > 0)
                {
                    if (!isGated)
                        return null;
                    _hollow--;
                    fills = true;
                }

                // Nobody leases past the lock before it is known whether this one takes what another counts on.
                if (fills)
                {
                    _growing++;
                    SettleSlow();
                }
            }

            var opening = connection.OpenAsync(cancellationToken);
            var isPhysical = !opening.IsCompleted;
            if (fills)
                Filled(withIdle: opening.IsCompletedSuccessfully);
            return new OpenBegun(opening, _epoch, fills, isPhysical);
        }
    }

    /// <summary>An open on the hot path is physical after all.</summary>
    public void OpensPhysically()
    {
        lock (_gate)
        {
            if (_hollow > 0)
                _hollow--;
            SettleSlow();
        }
    }

    /// <summary>The permit of a lease has a connection, or soon will. One that was idle left another permit hollow.</summary>
    private void Filled(bool withIdle)
    {
        int free;
        lock (_gate)
        {
            _growing--;
            if (withIdle)
                _hollow++;
            free = TakeHollowPermits();
        }

        if (free > 0)
            ReturnToBudgets(free);
    }

    /// <summary>Takes hollow permits that no lease covers; they go back to the budget without a connection to close.</summary>
    private int TakeHollowPermits()
    {
        _hollow = Math.Min(_hollow, Word.Permits);
        var taken = _hollow == 0 || Word.IsDraining ? 0 : TakeFreePermits(Word.Permits - _hollow);
        _hollow -= taken;
        SettleSlow();
        return taken;
    }

    private void SettleSlow()
    {
        var isSlow = _waiters.Count > 0 || _growing > 0 || _hollow > 0;
        if (isSlow == Word.Has(LeaseWord.Slow))
            return;
        if (isSlow)
            SetFlag(LeaseWord.Slow);
        else
            ClearFlag(LeaseWord.Slow);
    }

    private void CloseIdleConnections()
    {
        // Two overlapping Clear calls of Npgsql can leave a connection of the earlier epoch idle; and an open begins before or after.
        lock (_opening)
        {
            // What the hot path binds from now on may be older than the clearing, which costs an open beside the gate; the other way round
            // a permit would go back while its connection stays.
            var before = _epoch;
            _epoch = new ConnectionEpoch(this);
            Volatile.Write(ref _onFirstHalf, _epoch.OnFirstHalf);
            Volatile.Write(ref _onSecondHalf, _epoch.OnSecondHalf);
            before.IsCleared = true;
            DataSource.Clear();
        }
    }
}

/// <summary>An open that has begun.</summary>
/// <param name="Opening">Its end.</param>
/// <param name="Epoch">What will listen to the connection: its epoch is that of its beginning.</param>
/// <param name="Fills">Whether the lease's permit had no connection behind it.</param>
/// <param name="IsPhysical">Whether it went to the network: no connection was idle.</param>
internal readonly record struct OpenBegun(Task Opening, ConnectionEpoch Epoch, bool Fills, bool IsPhysical);
