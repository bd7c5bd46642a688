using System.Transactions;
using Akka.Actor;
using Npgsql;

namespace HyperConn;

/// <summary>
/// The slow path of opening a connection: revives pools, waits for permits, and outlives rotations and restarts, all inside one deadline.
/// </summary>
internal sealed class ConnectionOpener(PoolRuntime runtime)
{
    private static readonly TimeSpan FirstFullDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MostFullDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RefusedPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Ends what the hot path began: its open went to the network, or failed.</summary>
    public async ValueTask<NpgsqlConnection> FinishAsync(
        TenantDataSource handle,
        PoolGeneration pool,
        GenerationCredentials credentials,
        NpgsqlConnection connection,
        int half,
        bool timed,
        Task opening,
        CancellationToken cancellationToken)
    {
        var began = runtime.Time.GetTimestamp();
        try
        {
            await opening.ConfigureAwait(false);
            pool.NoteSession(connection.ProcessID);
            pool.Health.ReportReachable(pool.Tenant);
            if (timed)
                runtime.Meter?.AcquiredHot(runtime.Time.GetElapsedTime(began));
            return pool.Bind(connection, half);
        }
        catch (Exception exception)
        {
            EndFailed(pool, half, exception);
            cancellationToken.ThrowIfCancellationRequested();
            var attempt = new Attempt(handle, null, runtime.Time.GetUtcNow() + Limit - runtime.Time.GetElapsedTime(began)) { Pool = pool };
            return await OpenAsync(attempt, new FailedOpen(pool, credentials.SecretVersion, exception), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a connection.</summary>
    /// <param name="handle">The tenant's handle.</param>
    /// <param name="transaction">The caller's ambient transaction. It is given, because the thread that opens may be another.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<NpgsqlConnection> OpenAsync(TenantDataSource handle, Transaction? transaction, CancellationToken cancellationToken)
    {
        if (transaction is not null && EnlistedLease.TryResume(runtime, handle.Tenant, transaction) is { } lease)
            return await ResumeAsync(lease, transaction, cancellationToken).ConfigureAwait(false);
        var attempt = new Attempt(handle, transaction, runtime.Time.GetUtcNow() + Limit);
        return await OpenAsync(attempt, null, cancellationToken).ConfigureAwait(false);
    }

    private TimeSpan Limit => runtime.Options.Pools.AcquireTimeout;

    private async ValueTask<NpgsqlConnection> OpenAsync(Attempt attempt, FailedOpen? failed, CancellationToken cancellationToken)
    {
        runtime.Counters.ColdAcquisition();
        var started = runtime.Time.GetTimestamp();
        using var activity = HyperConnTelemetry.StartAcquire(attempt.Handle.Tenant, runtime.Options.Diagnostics.TenantLabels);
        var limit = attempt.Deadline - runtime.Time.GetUtcNow();
        using var timer = new CancellationTokenSource(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, runtime.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            if (failed is not null)
                await RecoverAsync(attempt, failed, either.Token).ConfigureAwait(false);
            if (attempt.Handle.Refusal(attempt.Deadline) is { } refusal)
                throw new HyperConnException(refusal);
            while (true)
            {
                if (await TryOpenAsync(attempt, either.Token).ConfigureAwait(false) is not { } connection)
                    continue;
                runtime.Meter?.AcquiredCold(runtime.Time.GetElapsedTime(started));
                return connection;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var failure = runtime.WhyPaused(attempt.Handle.Tenant) ?? attempt.TimedOut(Limit);
            Failed(failure.Code);
            throw new HyperConnException(failure, attempt.LastError);
        }
        catch (HyperConnException exception)
        {
            Failed(exception.Code);
            throw;
        }

        void Failed(HyperConnErrorCode code)
        {
            runtime.Counters.FailedAcquisition();
            runtime.Meter?.AcquireFailed(runtime.Time.GetElapsedTime(started), code);
            activity.Fail(code);
        }
    }

    private async ValueTask<NpgsqlConnection?> TryOpenAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var handle = attempt.Handle;
        attempt.Stage = "its pool was being made";
        var pool = handle.Current;
        var expected = pool is null;
        if (pool is null)
        {
            using var resolving = HyperConnTelemetry.StartResolve(handle.Tenant, runtime.Options.Diagnostics.TenantLabels);
            pool = await runtime.EnsurePoolAsync(handle.Tenant, forLease: true, cancellationToken).ConfigureAwait(false);
        }

        attempt.Pool = pool;
        attempt.Stage = "its server was away";
        var health = pool.Health;
        var serverPass = CircuitPass.Closed;
        var loginPass = CircuitPass.Closed;
        try
        {
            serverPass = await health.Circuit.EnterAsync(attempt.Deadline, cancellationToken).ConfigureAwait(false);
            var epoch = health.Epoch;
            if (pool.HealthySince != epoch && (serverPass.IsProbe || (epoch & 1) == 0))
                pool.ResetAfterOutage(epoch);
            attempt.Stage = "all permits were taken";
            attempt.WaitsForPermit = true;
            var taken = handle.Login.IsOpen
                ? await AcquireWhileRefusedAsync(attempt, pool, cancellationToken).ConfigureAwait(false)
                : await pool.AcquireAsync(cancellationToken).ConfigureAwait(false);
            attempt.WaitsForPermit = false;
            if (taken.Outcome == LeaseOutcome.Granted && handle.Login.TryProbe() is { } probe)
                loginPass = probe;
            switch (taken.Outcome)
            {
                case LeaseOutcome.Retired:
                    // Between the draining bit and the successor's publication lies a moment of the pool's actor.
                    if (ReferenceEquals(handle.Current, pool))
                        await Task.Delay(TimeSpan.FromMilliseconds(1), runtime.Time, cancellationToken).ConfigureAwait(false);
                    return null;
                case LeaseOutcome.TenantWaitersFull:
                    throw new HyperConnException(PoolFailures.WaitersFull(handle.Tenant, null, runtime.Options.Servers.MaxWaitersPerTenant));
                case LeaseOutcome.ServerWaitersFull:
                    throw new HyperConnException(
                        PoolFailures.WaitersFull(handle.Tenant, pool.Shares[0].Server, runtime.Options.Servers.MaxWaitersPerServer));
                case LeaseOutcome.Granted when (serverPass == CircuitPass.Closed && health.Circuit.IsOpen)
                    || (loginPass == CircuitPass.Closed && handle.Login.IsOpen):
                    // Somebody failed while this one was in the queue: it would fail the same way.
                    pool.Abandon(taken.Half);
                    pool.GrantedOpenEnded();
                    return null;
            }

            return await OpenLeasedAsync(attempt, pool, taken, serverPass, loginPass, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (expected)
                pool.Unexpect();

            // A probe that ends without a verdict (cancelled, queue full, retired) leaves the try to the next.
            if (serverPass.IsProbe && !attempt.ServerReported)
                health.Circuit.ProbeAbandoned(serverPass);
            if (loginPass.IsProbe && !attempt.LoginReported)
                handle.Login.ProbeAbandoned(loginPass);
            attempt.ServerReported = attempt.LoginReported = false;
        }
    }

    /// <summary>
    /// While logins are refused, sessions that are open already serve on, first come, first served; and when a login is due to be tried
    /// again, the first in the queue gets the permit and tries.
    /// </summary>
    private async ValueTask<LeaseTaken> AcquireWhileRefusedAsync(Attempt attempt, PoolGeneration pool, CancellationToken cancellationToken)
    {
        var login = attempt.Handle.Login;
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var acquiring = pool.AcquireAsync(leaving.Token).AsTask();
        while (login.IsOpen && !acquiring.IsCompleted)
        {
            if (pool.Word.Permits == 0 && login.Refusal(attempt.Deadline) is { } refusal)
            {
                await leaving.CancelAsync().ConfigureAwait(false);
                await Task.WhenAny(acquiring).ConfigureAwait(false);
                return acquiring.IsCompletedSuccessfully ? await acquiring.ConfigureAwait(false) : throw new HyperConnException(refusal);
            }

            await Task.WhenAny(acquiring, Task.Delay(RefusedPause, runtime.Time, cancellationToken)).ConfigureAwait(false);
            pool.WantAgain();
        }

        pool.WantAgain();
        return await acquiring.ConfigureAwait(false);
    }

    private async ValueTask<NpgsqlConnection?> OpenLeasedAsync(
        Attempt attempt, PoolGeneration pool, LeaseTaken taken, CircuitPass serverPass, CircuitPass loginPass, CancellationToken cancellationToken)
    {
        attempt.Stage = "the connection was being opened";
        var version = pool.Credentials.SecretVersion;
        var isUnproved = taken.Outcome == LeaseOutcome.Leased && pool.IsUnproved;
        var connection = pool.DataSource.CreateConnection();
        using var activity = HyperConnTelemetry.StartConnect(pool.ServerName);
        var bound = false;
        Exception failure;
        var gate = await EnterGateAsync(pool, taken, cancellationToken).ConfigureAwait(false);
        try
        {
            await OpenInAsync(attempt.Transaction, connection, cancellationToken).ConfigureAwait(false);
            // Only a new session says anything about the server and the login.
            var isNew = pool.NoteSession(connection.ProcessID) || taken.Outcome == LeaseOutcome.Granted;
            if (isNew)
            {
                attempt.ServerReported = attempt.LoginReported = true;
                if (pool.Health.ReportReachable(pool.Tenant))
                    PoolLog.ServerReachable(runtime.Logger, pool.ServerName);
                if (serverPass.IsProbe)
                    pool.NoteRecovery(pool.Health.Epoch);
                if (attempt.Handle.Login.Reset())
                    PoolLog.LoginRecovered(runtime.Logger, pool.Tenant);
                pool.Proved();
            }

            if (attempt.Transaction is { } transaction)
                pool.Bind(connection, EnlistedLease.Begin(runtime, pool, taken.Half, transaction));
            else
                pool.Bind(connection, taken.Half);
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
                EndFailed(pool, taken.Half, exception);
            cancellationToken.ThrowIfCancellationRequested();
            failure = exception;
        }
        finally
        {
            gate?.Release();
            if (taken.Outcome == LeaseOutcome.Granted)
                pool.GrantedOpenEnded();
        }

        await RecoverAsync(attempt, new FailedOpen(pool, version, failure, serverPass, loginPass), cancellationToken).ConfigureAwait(false);
        return null;
    }

    /// <summary>Waits for room to open physically, where that may come; what is returned must be released after.</summary>
    private static async ValueTask<SemaphoreSlim?> EnterGateAsync(PoolGeneration pool, LeaseTaken taken, CancellationToken cancellationToken)
    {
        var isGranted = taken.Outcome == LeaseOutcome.Granted;
        if ((!isGranted && !pool.IsShaken) || pool.Shares[0].Server.OpenGate is not { } gate)
            return null;
        try
        {
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            return gate;
        }
        catch (OperationCanceledException)
        {
            if (isGranted)
            {
                pool.Abandon(taken.Half);
                pool.GrantedOpenEnded();
            }
            else
            {
                pool.EndUnused(taken.Half);
            }

            throw;
        }
    }

    /// <summary>Asks the server behind a connection that has been idle. False: there is none any more.</summary>
    private async ValueTask<bool> ProveAsync(PoolGeneration pool, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand("select 1", connection);
            command.CommandTimeout = (int)Math.Ceiling(runtime.Options.Connections.ConnectTimeout.TotalSeconds);
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
    private async ValueTask<NpgsqlConnection> ResumeAsync(EnlistedLease lease, Transaction transaction, CancellationToken cancellationToken)
    {
        var pool = lease.Pool;
        var connection = pool.DataSource.CreateConnection();
        try
        {
            await OpenInAsync(transaction, connection, cancellationToken).ConfigureAwait(false);
            return pool.Bind(connection, lease);
        }
        catch (Exception exception)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            lease.Closed(broken: false);
            cancellationToken.ThrowIfCancellationRequested();
            runtime.Counters.FailedAcquisition();
            throw new HyperConnException(PoolFailures.Connect(pool.Tenant, pool.ServerName, OpenFaults.Of(exception), exception), exception);
        }
    }

    private static Task OpenInAsync(Transaction? transaction, NpgsqlConnection connection, CancellationToken cancellationToken) => transaction is null
        ? connection.OpenAsync(cancellationToken)
        : Task.Run(
            async () =>
            {
                // On a thread of its own, so that no other scope of the caller's thread is disturbed. The scope only lends the transaction:
                // left incomplete it would end it.
                using var scope = new TransactionScope(transaction, TransactionScopeAsyncFlowOption.Enabled);
                try
                {
                    await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    scope.Complete();
                }
            },
            CancellationToken.None);

    /// <summary>Ends a lease whose open failed. Npgsql opens physically only when nothing is idle, so a failure of that leaves nothing.</summary>
    private static void EndFailed(PoolGeneration pool, int half, Exception exception)
    {
        if (exception is NpgsqlException or OperationCanceledException or System.Net.Sockets.SocketException or IOException or TimeoutException)
            pool.Abandon(half);
        else
            pool.EndUnused(half);
    }

    /// <summary>Does what the fault calls for. Returns when another try makes sense, throws when it does not.</summary>
    private async ValueTask RecoverAsync(Attempt attempt, FailedOpen failed, CancellationToken cancellationToken)
    {
        var pool = failed.Pool;
        var fault = OpenFaults.Of(failed.Exception);
        var failure = PoolFailures.Connect(pool.Tenant, pool.ServerName, fault, failed.Exception);
        attempt.LastError = failed.Exception;
        if (fault == OpenFault.PoolFull)
        {
            // The server was not asked, so this says nothing about it.
            attempt.Stage = "connection objects took up its pool";
            await Task.Delay(attempt.NextFullDelay(), runtime.Time, cancellationToken).ConfigureAwait(false);
            return;
        }

        attempt.ServerReported = true;
        if (fault is OpenFault.Unreachable or OpenFault.NoAnswer)
        {
            await RecoverServerAsync(attempt, failed, fault, failure, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (pool.Health.ReportReachable(pool.Tenant))
            PoolLog.ServerReachable(runtime.Logger, pool.ServerName);

        // A late failure of older credentials says nothing about the ones in use now.
        var isLate = !ReferenceEquals(attempt.Handle.Current, pool) || pool.Credentials.SecretVersion != failed.SecretVersion;
        switch (fault)
        {
            case OpenFault.LoginRefused or OpenFault.DatabaseUnavailable or OpenFault.CredentialsExpired when isLate:
                return;
            case OpenFault.CredentialsExpired:
                if (!await AskForNewerAsync(attempt, failed, expired: true, cancellationToken).ConfigureAwait(false))
                    throw new HyperConnException(failure, failed.Exception);
                return;
            case OpenFault.LoginRefused:
                await RecoverLoginAsync(attempt, failed, failure, cancellationToken).ConfigureAwait(false);
                return;
            case OpenFault.ServerFull or OpenFault.TenantFull:
                attempt.Stage = "the server had no free slot";
                if (fault == OpenFault.ServerFull)
                    pool.ReportServerFull();
                else
                    pool.ReportTenantFull();
                await Task.Delay(attempt.NextFullDelay(), runtime.Time, cancellationToken).ConfigureAwait(false);
                return;
            case OpenFault.DatabaseUnavailable:
                attempt.LoginReported = true;
                if (attempt.Handle.Login.Failed(failure, failed.LoginPass, answerAtOnce: true))
                    PoolLog.DatabaseUnavailable(runtime.Logger, pool.Tenant);
                throw new HyperConnException(attempt.Handle.Login.Cause ?? failure, failed.Exception);
            default:
                throw new HyperConnException(failure, failed.Exception);
        }
    }

    private async ValueTask RecoverServerAsync(
        Attempt attempt, FailedOpen failed, OpenFault fault, HyperConnFailure failure, CancellationToken cancellationToken)
    {
        var pool = failed.Pool;
        var means = fault == OpenFault.Unreachable || failed.ServerPass.IsProbe
            ? NoAnswerMeans.Server
            : pool.Health.ReportNoAnswer(pool.Tenant, IsAlone(pool));
        if (means == NoAnswerMeans.Server)
        {
            if (pool.Health.ReportUnreachable(failure, failed.ServerPass))
                PoolLog.ServerUnreachable(runtime.Logger, pool.ServerName, failure.Code);
            return;
        }

        if (means == NoAnswerMeans.Tenant)
        {
            attempt.LoginReported = true;
            if (attempt.Handle.Login.Failed(failure, failed.LoginPass))
                PoolLog.TenantUnanswered(runtime.Logger, pool.ServerName, pool.Tenant);
            return;
        }

        await Task.Delay(attempt.NextFullDelay(), runtime.Time, cancellationToken).ConfigureAwait(false);
    }

    private bool IsAlone(PoolGeneration pool) => !runtime.Generations.Keys.Any(
        other => other.Tenant != pool.Tenant && ReferenceEquals(other.Health, pool.Health) && other.Word.Permits > 0);

    private async ValueTask RecoverLoginAsync(Attempt attempt, FailedOpen failed, HyperConnFailure failure, CancellationToken cancellationToken)
    {
        // However many callers the tenant has, one of them asks for newer credentials; the others wait for what it finds.
        var login = attempt.Handle.Login;
        attempt.LoginReported = true;
        if (login.Suspect(failure, failed.LoginPass) is not { } pass)
            return;
        if (failed.LoginPass == CircuitPass.Closed)
            failed.Pool.SendQueueBack();
        var asked = false;
        try
        {
            var changed = await AskForNewerAsync(attempt, failed, expired: false, cancellationToken).ConfigureAwait(false);
            asked = true;
            if (changed)
                login.Reset();
            else if (login.Failed(failure, pass))
                PoolLog.LoginRefused(runtime.Logger, failed.Pool.Tenant, failed.SecretVersion);
        }
        finally
        {
            if (!asked)
                login.ProbeAbandoned(pass);
        }
    }

    private static async ValueTask<bool> AskForNewerAsync(Attempt attempt, FailedOpen failed, bool expired, CancellationToken cancellationToken)
    {
        var newer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        failed.Pool.Owner.Tell(new CredentialsRefused(failed.Pool, failed.SecretVersion, newer, expired));
        attempt.Stage = "newer credentials were being fetched";
        await Task.WhenAny(newer.Task, failed.Pool.Retired).WaitAsync(cancellationToken).ConfigureAwait(false);
        return !newer.Task.IsCompletedSuccessfully || newer.Task.Result;
    }

    /// <summary>An open that PostgreSQL or the network refused.</summary>
    private sealed record FailedOpen(
        PoolGeneration Pool,
        string SecretVersion,
        Exception Exception,
        CircuitPass ServerPass = default,
        CircuitPass LoginPass = default);

    /// <summary>One caller's way through, for its deadline and for the message when that passes.</summary>
    private sealed class Attempt(TenantDataSource handle, Transaction? transaction, DateTimeOffset deadline)
    {
        private TimeSpan _fullDelay = FirstFullDelay;

        public TenantDataSource Handle { get; } = handle;

        /// <summary>The ambient transaction of the caller, in which the connection enlists.</summary>
        public Transaction? Transaction { get; } = transaction;

        public DateTimeOffset Deadline { get; } = deadline;

        public string Stage { get; set; } = "";

        public PoolGeneration? Pool { get; set; }

        public bool WaitsForPermit { get; set; }

        public bool ServerReported { get; set; }

        public bool LoginReported { get; set; }

        public Exception? LastError { get; set; }

        public TimeSpan NextFullDelay()
        {
            var delay = _fullDelay * (0.5 + Random.Shared.NextDouble());
            _fullDelay = _fullDelay * 2 < MostFullDelay ? _fullDelay * 2 : MostFullDelay;
            return delay;
        }

        public HyperConnFailure TimedOut(TimeSpan limit)
        {
            if ((Handle.Login.Cause ?? Pool?.Health.Circuit.Cause) is { } known)
                return known;
            if (WaitsForPermit && Pool is { } pool)
            {
                pool.Shares[0].Server.AddTimedOut();
                return PoolFailures.BudgetTimedOut(Handle.Tenant, limit, pool.Shares[0].Server);
            }

            return LastError is { } error && Pool is { } tried
                ? PoolFailures.Connect(Handle.Tenant, tried.ServerName, OpenFaults.Of(error), error)
                : PoolFailures.TimedOut(Handle.Tenant, limit, Stage);
        }
    }
}
