using HyperConn.Leases;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>
/// Opens anew what an idle pool is to keep (<see cref="ServerOptions.KeepIdlePerTenant"/>). Npgsql closes all idle connections of a pool or
/// none, so when permits go back, the connections of those that stay are closed, too.
/// </summary>
internal sealed class IdleKeeper(LeaseRuntime runtime)
{
    /// <summary>
    /// Opens connections on the pool's free permits until so many are idle, in the background: only while nobody waits for the server, and
    /// never in the way of an open. It is no use of the pool: evicting it goes by the last real one. What goes wrong ends it, and is met again by
    /// whoever opens next.
    /// </summary>
    /// <param name="pool">The generation.</param>
    /// <param name="connections">How many are to be idle.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task KeepAsync(PoolGeneration pool, int connections, CancellationToken cancellationToken)
    {
        var open = new List<(NpgsqlConnection Connection, int Bucket)>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            // The server's processes behind those that were closed are still on their way out.
            await Task.Delay(pool.Shares.Max(share => BudgetTuning.Default.Cooldown(share.Server.Pace)), runtime.Time, stop.Token).ConfigureAwait(false);
            _ = pool.End.Begun.ContinueWith(
                static (_, source) => Cancel((CancellationTokenSource)source!), stop, stop.Token, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

            // One after the other stays open until the last is, or Npgsql would hand out the same one each time.
            while (open.Count < connections && MayOpen(pool) && pool.Desk.TryTakeFree() is { } bucket)
            {
                runtime.Totals.NotHot();
                if (await TryOpenAsync(pool, bucket, stop.Token).ConfigureAwait(false) is not { } connection)
                    break;
                open.Add((connection, bucket));
            }
        }
        catch (Exception fault)
        {
            OpenLog.NotKept(runtime.Logger, pool.Tenant, fault.GetType().Name);
        }
        finally
        {
            foreach (var (connection, bucket) in open)
                await CloseAsync(pool, connection, bucket).ConfigureAwait(false);
        }
    }

    private static bool MayOpen(PoolGeneration pool) =>
        pool.View.MayOpen && !pool.Health.Circuit.IsOpen && pool.Login is not { IsOpen: true } && Array.TrueForAll([.. pool.Shares], share => share.Server is { Waiting: 0, Wanted: 0 });

    /// <summary>Opens one on a lease, which ends if it can't; null: others are being opened, which go first.</summary>
    private static async ValueTask<NpgsqlConnection?> TryOpenAsync(PoolGeneration pool, int bucket, CancellationToken cancellationToken)
    {
        var slots = pool.Shares[^1].Server.OpenSlots;
        if (!slots.TryTake())
        {
            pool.EndUnused(bucket);
            return null;
        }

        NpgsqlConnection? connection = null;
        try
        {
            connection = pool.DataSource.CreateConnection();
            var epoch = pool.Health.Epoch;
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            pool.NoteOpened(connection, pool.Health.Epoch == epoch ? epoch : epoch & ~1);
            if (pool.View.IsShareValid)
                return connection;

            // As for a caller: the process stood still meanwhile.
            await pool.Connections.DropAsync(connection).ConfigureAwait(false);
            pool.EndAbandoned(bucket);
            return null;
        }
        catch
        {
            if (connection is not null)
                await connection.DisposeAsync().ConfigureAwait(false);
            pool.EndAbandoned(bucket);
            throw;
        }
        finally
        {
            slots.Release();
            pool.Shares[^1].Server.Budget.Tell(SlotFreed.Instance, Akka.Actor.ActorRefs.NoSender);
        }
    }

    private async ValueTask CloseAsync(PoolGeneration pool, NpgsqlConnection connection, int bucket)
    {
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (NpgsqlException fault)
        {
            OpenLog.NotKept(runtime.Logger, pool.Tenant, fault.GetType().Name);
        }

        pool.EndUnused(bucket);
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It had ended by then.
        }
    }
}
