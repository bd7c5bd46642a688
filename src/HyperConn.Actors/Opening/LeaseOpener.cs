using System.Transactions;
using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Opens the connection of a lease that was taken, and ties the two together.</summary>
internal sealed class LeaseOpener(OpenRuntime runtime, OpenRecovery recovery, ServerCapacity capacity)
{
    private readonly PooledSession _pooled = new(capacity, runtime.Leases.Options.Connections.ConnectTimeout);
    private readonly LeaseRuntime _leases = runtime.Leases;

    /// <summary>Opens the connection of the request's lease.</summary>
    /// <returns>Null: it failed, the lease has ended, and another try makes sense.</returns>
    public async ValueTask<NpgsqlConnection?> OpenAsync(OpenRequest request, PoolGeneration pool, CancellationToken cancellationToken)
    {
        request.Stage = "the connection was being opened";

        // Read first: should the login be refused, the blame must not fall on credentials that came in meanwhile.
        request.SecretVersion = pool.Credentials.SecretVersion;
        var connection = pool.IdleSource.CreateConnection();
        using var activity = AcquireSpans.StartConnect(pool.Endpoints);
        var lease = request.Lease;
        var (isNew, isBound) = (false, false);
        ServerState? slot = null;
        Exception failure;
        try
        {
            if (!await TryOpenIdleAsync(request, connection).ConfigureAwait(false))
            {
                (isNew, request.IsCold) = (true, true);
                var mayOpen = MayOpen(pool, lease) && (lease.IsGranted || MayTry(request, pool));
                if (mayOpen && !lease.IsGranted)
                {
                    // The share may lapse while it waits.
                    slot = await TakeSlotAsync(request, pool, cancellationToken).ConfigureAwait(false);
                    mayOpen = MayOpen(pool, lease);
                }

                if (!mayOpen)
                {
                    isBound = true;
                    pool.EndAbandoned(lease.AgeBucket);
                    return null;
                }

                if (pool.Connections.PrefersHosts)
                    connection = pool.DataSource.CreateConnection();
                var epoch = pool.Health.Epoch;
                var began = _leases.Monotonic.Now;
                await OpenNewAsync(request, connection, cancellationToken).ConfigureAwait(false);
                ServerCapacity.ServerOf(pool, connection)?.Pace.Note(_leases.Monotonic.Now - began);
                if (PooledSession.MustAsk(pool, connection, inTransaction: request.Transaction is not null))
                    await _pooled.AskAsync(request, pool, connection, cancellationToken).ConfigureAwait(false);
                pool.NoteOpened(connection, pool.Health.Epoch == epoch ? epoch : pool.Health.Epoch & ~1);
                Report(request, pool);
                if (!pool.View.IsShareValid)
                {
                    // The process stood still meanwhile, and its share may be somebody else's by now.
                    await pool.Connections.DropAsync(connection).ConfigureAwait(false);
                    isBound = true;
                    pool.EndAbandoned(lease.AgeBucket);
                    return null;
                }
            }

            if (request.Transaction is { } transaction)
                pool.Listener.Bind(connection, EnlistedLease.Begin(_leases, pool, lease.AgeBucket, transaction));
            else
                pool.Listener.Bind(connection, lease.AgeBucket);
            isBound = true;

            // Not in somebody's transaction, which a failed query would end.
            if (request.Transaction is not null)
                return connection;
            if (MustProbe(request, pool, isNew) && !await ProbeAsync(request, pool, connection, cancellationToken).ConfigureAwait(false))
                return null;
            await capacity.ReadOnceAsync(request, pool, connection, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch (Exception exception)
        {
            // Also after a successful open whose caller has gone. Then closing it ends the lease, and its permit stays: the connection
            // is in the pool.
            await connection.DisposeAsync().ConfigureAwait(false);
            if (!isBound && (isNew || lease.IsGranted))
                pool.EndAbandoned(lease.AgeBucket);
            else if (!isBound)
                pool.EndUnused(lease.AgeBucket);
            cancellationToken.ThrowIfCancellationRequested();

            // It was not to log in any more, which says nothing about the server or the login.
            if (isNew && !isBound && !pool.View.IsShareValid)
                return null;
            failure = exception;
        }
        finally
        {
            ReleaseSlot(slot);
            if (lease.IsGranted)
                pool.EndGrantedOpen();
        }

        request.IsCold = true;
        await recovery.RecoverAsync(request, pool, failure, cancellationToken).ConfigureAwait(false);
        return null;
    }

    /// <summary>
    /// Whether this process's share of the servers allows a new connection. If not, the permit goes back, and the next one is granted when it does.
    /// </summary>
    private static bool MayOpen(PoolGeneration pool, Lease lease) => lease.IsGranted ? pool.View.IsShareValid : pool.View.MayOpen;

    /// <summary>
    /// Whether a connection is asked before it is handed out. Of several hosts Npgsql may have had an idle one after all, once it knew again
    /// what they are, or because it has none of those preferred: that one may be of a host that has died since.
    /// </summary>
    private static bool MustProbe(OpenRequest request, PoolGeneration pool, bool isNew) =>
        isNew ? pool.Connections.PrefersHosts || (request.NeedsProbe && pool.Shares.Count > 1) : request.NeedsProbe;

    /// <summary>The physical connection of a lease under the same ambient transaction waits to be used again.</summary>
    public static async ValueTask<NpgsqlConnection> ResumeAsync(OpenRequest request, EnlistedLease lease, CancellationToken cancellationToken)
    {
        var pool = lease.Pool;
        var connection = pool.DataSource.CreateConnection();
        try
        {
            await OpenNewAsync(request, connection, cancellationToken).ConfigureAwait(false);
            return pool.Listener.Bind(connection, lease);
        }
        catch (Exception exception)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            lease.Closed(broken: false);
            cancellationToken.ThrowIfCancellationRequested();
            throw new HyperConnException(OpenFailures.Connect(pool, OpenFaults.Of(exception), exception), exception);
        }
    }

    private static async ValueTask<bool> TryOpenIdleAsync(OpenRequest request, NpgsqlConnection connection)
    {
        var opening = request is { Transaction: { } transaction, IsBlocking: false }
            ? InTransactionAsync(transaction, () => TenantConnections.OpenIdle(connection))
            : TenantConnections.OpenIdle(connection);
        await opening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!opening.IsFaulted)
            return opening.IsCompletedSuccessfully;

        // Several hosts, each without an idle connection, or not known well enough to take one without asking.
        if (opening.Exception.InnerException is NpgsqlException { InnerException: AggregateException }
            || (opening.Exception.InnerException is NpgsqlException npgsql && OpenFaults.IsNoHostSuitable(npgsql)))
        {
            return false;
        }

        await opening.ConfigureAwait(false);
        return false;
    }

    /// <summary>Opens a new connection; a blocking caller does its I/O itself.</summary>
    private static async ValueTask OpenNewAsync(OpenRequest request, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (request.IsBlocking)
            connection.Open();
        else if (request.Transaction is { } transaction)
            await InTransactionAsync(transaction, () => connection.OpenAsync(cancellationToken)).ConfigureAwait(false);
        else
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>On a thread of its own, so that no other scope of the caller's thread is disturbed.</summary>
    private static Task InTransactionAsync(Transaction transaction, Func<Task> open) => Task.Run(
        async () =>
        {
            // The scope only lends the transaction: left incomplete it would end it.
            using var scope = new TransactionScope(transaction, TransactionScopeAsyncFlowOption.Enabled);
            try
            {
                await open().ConfigureAwait(false);
            }
            finally
            {
                scope.Complete();
            }
        },
        CancellationToken.None);

    /// <summary>
    /// Whether a new connection may be opened on a permit the pool had: not while the server is away or the login refused, unless it is time
    /// to try, and then by one.
    /// </summary>
    private static bool MayTry(OpenRequest request, PoolGeneration pool)
    {
        var lease = request.Lease;
        if (pool.Health.Circuit is { IsOpen: true } server)
        {
            if (server.TryProbe() is not { } probe)
                return !server.IsOpen;
            request.Lease = lease = lease with { ServerProbe = probe };
        }

        if (pool.Login is { IsOpen: true } login)
        {
            if (login.TryProbe() is not { } probe)
                return !login.IsOpen;
            request.Lease = lease with { LoginProbe = probe };
        }

        return true;
    }

    /// <summary>Waits for room to open a connection that no grant paid for.</summary>
    /// <returns>The server whose slot must be released after.</returns>
    private static async ValueTask<ServerState> TakeSlotAsync(OpenRequest request, PoolGeneration pool, CancellationToken cancellationToken)
    {
        // Of several hosts the one that grants last, whose slot a granted open has, too: so one bound holds for both.
        var server = pool.Shares[^1].Server;
        if (request.IsBlocking)
            server.OpenSlots.Take(cancellationToken);
        else
            await server.OpenSlots.TakeAsync(cancellationToken).ConfigureAwait(false);
        return server;
    }

    private static void ReleaseSlot(ServerState? server)
    {
        server?.OpenSlots.Release();
        server?.Budget.Tell(SlotFreed.Instance);
    }

    /// <summary>A new session stands: only that says anything about the server and the login.</summary>
    private void Report(OpenRequest request, PoolGeneration pool)
    {
        request.ServerReported = request.LoginReported = true;
        if (pool.Health.ReportReachable(pool.Tenant))
        {
            foreach (var share in pool.Shares)
                share.Server.LookAgain();
            if (!pool.View.IsPooled)
                OpenLog.ServerReachable(_leases.Logger, pool.ServerName);
        }

        // Of a pooler itself, beside what is behind it.
        if (pool.View.IsPooled && pool.Shares is [var only] && only.Server.Health.ReportReachable(pool.Tenant))
            OpenLog.ServerReachable(_leases.Logger, pool.ServerName);

        // What the pool had before an outage is gone, and this session is from after it.
        if (request.Lease.ServerProbe.IsProbe)
            pool.NeedsProbe();
        if (pool.Login?.Reset() == true)
            OpenLog.LoginRecovered(_leases.Logger, pool.Tenant);
    }

    /// <summary>Asks the server behind a connection that was idle. False: there is none any more, and the lease has ended.</summary>
    private async ValueTask<bool> ProbeAsync(OpenRequest request, PoolGeneration pool, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        request.WasProbed = true;
        try
        {
            await using var command = new NpgsqlCommand("select 1", connection);
            command.CommandTimeout = (int)Math.Ceiling(_leases.Options.Connections.ConnectTimeout.TotalSeconds);
            if (request.IsBlocking)
                command.ExecuteNonQuery();
            else
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            pool.Trust.NoteAnswered();
            return true;
        }
        catch (NpgsqlException)
        {
            // Broken under its lease, or close to it; what else is idle is no better.
            request.IsCold = true;
            await connection.DisposeAsync().ConfigureAwait(false);
            pool.DropIdle();
            return false;
        }
    }
}
