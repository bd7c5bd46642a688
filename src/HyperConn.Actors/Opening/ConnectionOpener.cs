using System.Transactions;
using HyperConn.Leases;
using HyperConn.Primitives;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>
/// The slow path of opening a connection: revives pools, waits for permits, and outlives rotations and restarts, all inside one deadline.
/// </summary>
internal sealed class ConnectionOpener
{
    private static readonly TimeSpan RefusedPause = TimeSpan.FromMilliseconds(50);

    private readonly OpenRuntime _runtime;
    private readonly LeaseRuntime _leaseRuntime;
    private readonly OpenRecovery _recovery;
    private readonly LeaseOpener _leases;

    public ConnectionOpener(OpenRuntime runtime)
    {
        _runtime = runtime;
        _leaseRuntime = runtime.Leases;
        _recovery = new OpenRecovery(runtime);
        _leases = new LeaseOpener(runtime, _recovery);
    }

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
        var began = _leaseRuntime.Time.GetTimestamp();
        var isPhysical = !opening.IsCompleted;
        SemaphoreSlim? place = null;
        if (isPhysical)
        {
            // Npgsql closed idle connections that nobody knew of. It counts in the gate, if there is room; too late to wait for it.
            pool.OpensPhysically();
            if (pool.Shares[0].Server.OpenGate is { } gate && await gate.WaitAsync(TimeSpan.Zero, CancellationToken.None).ConfigureAwait(false))
                place = gate;
        }

        try
        {
            await opening.ConfigureAwait(false);
            pool.NoteSession(connection.ProcessID);
            pool.Health.ReportReachable(pool.Tenant);
            if (timed)
                _runtime.Meter?.AcquiredHot(_leaseRuntime.Time.GetElapsedTime(began));
            return pool.Bind(connection, half);
        }
        catch (Exception exception)
        {
            _leaseRuntime.Totals.NotHot();
            if (isPhysical || LeaseOpener.MayBePhysical(exception))
                pool.Abandon(half);
            else
                pool.EndUnused(half);
            place?.Release();
            place = null;
            cancellationToken.ThrowIfCancellationRequested();
            var attempt = new OpenAttempt(handle, null, _leaseRuntime.Time.GetUtcNow() + Limit - _leaseRuntime.Time.GetElapsedTime(began)) { Pool = pool };
            return await OpenAsync(attempt, new FailedOpen(pool, credentials.SecretVersion, exception), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            place?.Release();
        }
    }

    /// <summary>Opens a connection.</summary>
    /// <param name="handle">The tenant's handle.</param>
    /// <param name="transaction">The caller's ambient transaction. It is given, because the thread that opens may be another.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<NpgsqlConnection> OpenAsync(TenantDataSource handle, Transaction? transaction, CancellationToken cancellationToken) =>
        OpenAsync(handle, transaction, _leaseRuntime.Time.GetUtcNow() + Limit, cancellationToken);

    /// <summary>Opens a connection for a caller whose time has begun before.</summary>
    public async ValueTask<NpgsqlConnection> OpenAsync(
        TenantDataSource handle, Transaction? transaction, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        if (transaction is not null && EnlistedLease.TryResume(_leaseRuntime, handle.Tenant, transaction) is { } lease)
            return await _leases.ResumeAsync(lease, transaction, cancellationToken).ConfigureAwait(false);
        var attempt = new OpenAttempt(handle, transaction, deadline);
        return await OpenAsync(attempt, null, cancellationToken).ConfigureAwait(false);
    }

    private TimeSpan Limit => _leaseRuntime.Options.Pools.AcquireTimeout;

    private async ValueTask<NpgsqlConnection> OpenAsync(OpenAttempt attempt, FailedOpen? failed, CancellationToken cancellationToken)
    {
        _runtime.Counters.AddCold();
        var started = _leaseRuntime.Time.GetTimestamp();
        using var activity = AcquireSpans.StartAcquire(attempt.Handle.Tenant, _leaseRuntime.Options.Diagnostics.TenantLabels);
        var limit = attempt.Deadline - _leaseRuntime.Time.GetUtcNow();
        using var timer = new CancellationTokenSource(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, _leaseRuntime.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            if (failed is not null)
                await _recovery.RecoverAsync(attempt, failed, either.Token).ConfigureAwait(false);
            if (attempt.Handle.Refusal(attempt.Deadline) is { } refusal)
                throw new HyperConnException(refusal);
            while (true)
            {
                if (await TryOpenAsync(attempt, either.Token).ConfigureAwait(false) is not { } connection)
                    continue;
                _runtime.Meter?.AcquiredCold(_leaseRuntime.Time.GetElapsedTime(started));
                return connection;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var failure = _runtime.Pools.WhyPaused(attempt.Handle.Tenant) ?? attempt.TimedOut(Limit);
            Failed(failure.Code);
            throw new HyperConnException(failure, attempt.LastError);
        }
        catch (OperationCanceledException cancelled) when (cancelled.CancellationToken != cancellationToken)
        {
            // Callers compare it with the token they gave.
            throw new OperationCanceledException(cancelled.Message, cancelled, cancellationToken);
        }
        catch (HyperConnException exception)
        {
            Failed(exception.Code);
            throw;
        }

        void Failed(HyperConnErrorCode code)
        {
            _runtime.Counters.AddFailed();
            _runtime.Meter?.AcquireFailed(_leaseRuntime.Time.GetElapsedTime(started), code);
            activity.Fail(code);
        }
    }

    private async ValueTask<NpgsqlConnection?> TryOpenAsync(OpenAttempt attempt, CancellationToken cancellationToken)
    {
        var handle = attempt.Handle;

        // What was reported of an earlier try, on the hot path too, is no verdict on this one's probe.
        attempt.ServerReported = attempt.LoginReported = false;
        attempt.Stage = "its pool was being made";
        var pool = handle.Current;
        var expected = pool is null;
        if (pool is null)
        {
            using var resolving = AcquireSpans.StartResolve(handle.Tenant, _leaseRuntime.Options.Diagnostics.TenantLabels);
            pool = await _runtime.Pools.EnsurePoolAsync(handle.Tenant, forLease: true, cancellationToken).ConfigureAwait(false);
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
            if (taken.Outcome is LeaseOutcome.Leased or LeaseOutcome.Granted)
                _leaseRuntime.Totals.NotHot();
            if (taken.Outcome == LeaseOutcome.Granted && handle.Login.TryProbe() is { } probe)
                loginPass = probe;
            switch (taken.Outcome)
            {
                case LeaseOutcome.Retired:
                    // Between the draining bit and the successor's publication lies a moment of the pool's actor.
                    if (ReferenceEquals(handle.Current, pool))
                        await Task.Delay(TimeSpan.FromMilliseconds(1), _leaseRuntime.Time, cancellationToken).ConfigureAwait(false);
                    return null;
                case LeaseOutcome.TenantWaitersFull:
                    throw new HyperConnException(OpenFailures.WaitersFull(handle.Tenant, null, _leaseRuntime.Options.Servers.MaxWaitersPerTenant));
                case LeaseOutcome.ServerWaitersFull:
                    throw new HyperConnException(
                        OpenFailures.WaitersFull(handle.Tenant, pool.Shares[0].Server, _leaseRuntime.Options.Servers.MaxWaitersPerServer));
                case LeaseOutcome.Granted when (serverPass == CircuitPass.Closed && health.Circuit.IsOpen)
                    || (loginPass == CircuitPass.Closed && handle.Login.IsOpen):
                    // Somebody failed while this one was in the queue: it would fail the same way.
                    pool.Abandon(taken.Half);
                    pool.GrantedOpenEnded();
                    return null;
            }

            return await _leases.OpenAsync(attempt, pool, new LeasePass(taken, serverPass, loginPass), cancellationToken).ConfigureAwait(false);
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
        }
    }

    /// <summary>
    /// While logins are refused, sessions that are open already serve on, first come, first served; and when a login is due to be tried
    /// again, the first in the queue gets the permit and tries.
    /// </summary>
    private async ValueTask<LeaseTaken> AcquireWhileRefusedAsync(OpenAttempt attempt, PoolGeneration pool, CancellationToken cancellationToken)
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

            await Task.WhenAny(acquiring, Task.Delay(RefusedPause, _leaseRuntime.Time, cancellationToken)).ConfigureAwait(false);
            pool.WantAgain();
        }

        pool.WantAgain();
        return await acquiring.ConfigureAwait(false);
    }
}
