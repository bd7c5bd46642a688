using System.Transactions;
using HyperConn.Leases;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Opens the connection of a lease that was taken, and ties the two together.</summary>
internal sealed class LeaseOpener(OpenRuntime runtime, OpenRecovery recovery)
{
    /// <summary>Opens the connection of a lease.</summary>
    /// <returns>Null: it failed, the lease has ended, and another try makes sense.</returns>
    public async ValueTask<NpgsqlConnection?> OpenAsync(OpenAttempt attempt, PoolGeneration pool, LeasePass pass, CancellationToken cancellationToken)
    {
        attempt.Stage = "the connection was being opened";
        var version = pool.Credentials.SecretVersion;
        var isUnproved = pool.IsUnproved;
        var connection = pool.DataSource.CreateConnection();
        using var activity = AcquireSpans.StartConnect(pool.Endpoints);
        var bound = false;
        OpenBegun? begun = null;
        SemaphoreSlim? place = null;
        Exception failure;
        try
        {
            // Of a pool that was unused or shaken it is not certain what stands behind its permits.
            if (pass.IsGranted || isUnproved || pool.IsShaken)
                place = await EnterGateAsync(pool, cancellationToken).ConfigureAwait(false);
            if (!await OpenInAsync(isGated: place is not null).ConfigureAwait(false))
            {
                place = await EnterGateAsync(pool, cancellationToken).ConfigureAwait(false);
                await OpenInAsync(isGated: true).ConfigureAwait(false);
            }

            // Only a new session says anything about the server and the login.
            var isNew = pool.NoteSession(connection.ProcessID) || begun!.Value.IsPhysical;
            if (isNew)
                Report(attempt, pool, pass);

            if (attempt.Transaction is { } transaction)
                pool.Bind(connection, EnlistedLease.Begin(runtime.Leases, pool, pass.Half, transaction));
            else
                PoolGeneration.Bind(connection, pass.Half, begun!.Value.Epoch);
            bound = true;

            // Not in somebody's transaction, which a failed query would end.
            if (attempt.Transaction is not null)
                return connection;
            if (!isNew && isUnproved && !await ProveAsync(pool, connection, cancellationToken).ConfigureAwait(false))
            {
                // Broken under its lease, which has ended; what else is idle is no better.
                await connection.DisposeAsync().ConfigureAwait(false);
                pool.ReportBroken();
                return null;
            }

            if (!isNew && !isUnproved)
                pool.Proved();
            await ServerCapacity.ReadOnceAsync(pool, connection, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch (Exception exception)
        {
            // Also after a successful open whose caller has gone. Then closing it ends the lease, and its permit stays: the connection
            // is in the pool.
            await connection.DisposeAsync().ConfigureAwait(false);
            if (!bound)
                EndFailed(pool, pass, begun, exception);
            cancellationToken.ThrowIfCancellationRequested();
            failure = exception;
        }
        finally
        {
            place?.Release();
            if (pass.IsGranted)
                pool.GrantedOpenEnded();
        }

        await recovery.RecoverAsync(attempt, new FailedOpen(pool, version, failure, pass.Server, pass.Login), cancellationToken).ConfigureAwait(false);
        return null;

        Task<bool> OpenInAsync(bool isGated) => attempt.Transaction is { } transaction
            ? InTransactionAsync(transaction, () => TryOpenAsync(isGated))
            : TryOpenAsync(isGated);

        async Task<bool> TryOpenAsync(bool isGated)
        {
            begun = pool.BeginOpen(connection, pass.IsGranted, isGated, cancellationToken);
            if (begun is not { Opening: var opening })
                return false;
            await opening.ConfigureAwait(false);
            return true;
        }
    }

    /// <summary>A new session stands.</summary>
    private void Report(OpenAttempt attempt, PoolGeneration pool, LeasePass pass)
    {
        attempt.ServerReported = attempt.LoginReported = true;
        if (pool.Health.ReportReachable(pool.Tenant))
            OpenLog.ServerReachable(runtime.Leases.Logger, pool.ServerName);
        if (pass.Server.IsProbe)
            pool.NoteRecovery(pool.Health.Epoch);
        if (attempt.Handle.Login.Reset())
            OpenLog.LoginRecovered(runtime.Leases.Logger, pool.Tenant);
        pool.Proved();
    }

    /// <summary>Waits for room to open physically; what is returned must be released after.</summary>
    private static async ValueTask<SemaphoreSlim?> EnterGateAsync(PoolGeneration pool, CancellationToken cancellationToken)
    {
        if (pool.Shares[0].Server.OpenGate is not { } gate)
            return null;
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        return gate;
    }

    /// <summary>Asks the server behind a connection that has been idle. False: there is none any more.</summary>
    private async ValueTask<bool> ProveAsync(PoolGeneration pool, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand("select 1", connection);
            command.CommandTimeout = (int)Math.Ceiling(runtime.Leases.Options.Connections.ConnectTimeout.TotalSeconds);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            pool.Proved();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>The physical connection of a lease under the same ambient transaction waits to be used again.</summary>
    public async ValueTask<NpgsqlConnection> ResumeAsync(EnlistedLease lease, Transaction transaction, CancellationToken cancellationToken)
    {
        var pool = lease.Pool;
        var connection = pool.DataSource.CreateConnection();
        try
        {
            await InTransactionAsync(transaction, async () =>
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
            return pool.Bind(connection, lease);
        }
        catch (Exception exception)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            lease.Closed(broken: false);
            cancellationToken.ThrowIfCancellationRequested();
            runtime.Counters.AddFailed();
            throw new HyperConnException(OpenFailures.Connect(pool, OpenFaults.Of(exception), exception), exception);
        }
    }

    /// <summary>On a thread of its own, so that no other scope of the caller's thread is disturbed.</summary>
    private static Task<T> InTransactionAsync<T>(Transaction transaction, Func<Task<T>> open) => Task.Run(
        async () =>
        {
            // The scope only lends the transaction: left incomplete it would end it.
            using var scope = new TransactionScope(transaction, TransactionScopeAsyncFlowOption.Enabled);
            try
            {
                return await open().ConfigureAwait(false);
            }
            finally
            {
                scope.Complete();
            }
        },
        CancellationToken.None);

    /// <summary>Ends a lease whose open failed. Npgsql opens physically only when nothing is idle, so a failure of that leaves nothing.</summary>
    private static void EndFailed(PoolGeneration pool, LeasePass pass, OpenBegun? begun, Exception exception)
    {
        if (pass.IsGranted || begun is { Fills: true } || (begun is { } known && (known.IsPhysical || MayBePhysical(exception))))
            pool.Abandon(pass.Half);
        else
            pool.EndUnused(pass.Half);
    }

    /// <summary>A refused connection can be known at once.</summary>
    public static bool MayBePhysical(Exception exception) =>
        exception is NpgsqlException or System.Net.Sockets.SocketException or IOException or TimeoutException;
}
