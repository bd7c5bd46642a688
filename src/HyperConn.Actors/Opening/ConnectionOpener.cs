using System.Diagnostics;
using System.Transactions;
using HyperConn.Leases;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>
/// The slow path of opening a connection: revives pools, waits for permits, and outlives rotations and restarts, all inside one deadline.
/// </summary>
internal sealed class ConnectionOpener
{
    private readonly OpenRuntime _runtime;
    private readonly LeaseRuntime _leases;
    private readonly LeaseOpener _opener;

    public ConnectionOpener(OpenRuntime runtime)
    {
        _runtime = runtime;
        _leases = runtime.Leases;
        var capacity = new ServerCapacity(runtime);
        _opener = new LeaseOpener(runtime, new OpenRecovery(runtime, capacity), capacity);
    }

    /// <summary>Longest time one open takes, everything included.</summary>
    public TimeSpan Limit => _leases.Options.Pools.AcquireTimeout;

    /// <summary>Opens a connection.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="handle">Its handle; null while it never had a pool.</param>
    /// <param name="isBlocking">Whether the caller's thread does it all, and waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<NpgsqlConnection> OpenAsync(TenantKey tenant, IPoolHandle? handle, bool isBlocking, CancellationToken cancellationToken)
    {
        // Of the caller's thread, which may be left below.
        var transaction = Transaction.Current;
        if (transaction is null && handle?.Current is { } pool && TryLeaseAgain(pool) is { } bucket)
            return OpenLeased(handle, pool, bucket, isBlocking, cancellationToken);
        var request = NewRequest(tenant, handle, transaction, isBlocking);
        return transaction is not null && _leases.Enlisted.TryResume(tenant, transaction) is { } lease
            ? ResumeAsync(request, lease, cancellationToken)
            : OpenAsync(request, cancellationToken);
    }

    /// <summary>Goes on where the hot path has a lease, and no connection was idle.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(
        IPoolHandle handle, PoolGeneration pool, int bucket, bool isBlocking, CancellationToken cancellationToken)
    {
        _leases.Totals.NotHot();
        var request = NewRequest(handle.Tenant, handle, null, isBlocking);
        request.Pool = pool;
        request.Lease = new Lease(LeaseOutcome.Leased, bucket);
        return OpenAsync(request, cancellationToken);
    }

    /// <summary>The hot path once more, where the server's sessions have been proved to live: without a probe of this tenant's own.</summary>
    private static int? TryLeaseAgain(PoolGeneration pool) => !pool.NeedsProbe() && pool.TryLease(out var before) ? before.AgeBucket : null;

    private ValueTask<NpgsqlConnection> OpenLeased(
        IPoolHandle handle, PoolGeneration pool, int bucket, bool isBlocking, CancellationToken cancellationToken)
    {
        var connection = pool.IdleSource.CreateConnection();
        return TenantConnections.OpenIdle(connection).IsCompletedSuccessfully
            ? new ValueTask<NpgsqlConnection>(pool.Listener.Bind(connection, bucket))
            : OpenAsync(handle, pool, bucket, isBlocking, cancellationToken);
    }

    private OpenRequest NewRequest(TenantKey tenant, IPoolHandle? handle, Transaction? transaction, bool isBlocking) =>
        new(tenant, handle, transaction, isBlocking, _leases.Monotonic) { Deadline = _leases.Monotonic.Now + Limit };

    private async ValueTask<NpgsqlConnection> OpenAsync(OpenRequest request, CancellationToken cancellationToken)
    {
        var started = _leases.Time.GetTimestamp();
        using var activity = AcquireSpans.StartAcquire(request.Tenant, _leases.Options.Diagnostics.TenantLabels);
        using var timer = new CancellationTokenSource(Limit, _leases.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            if (!request.Lease.IsTaken && request.Handle?.Refusal(request.Deadline) is { } refusal)
                throw new HyperConnException(refusal with { Tenant = request.Tenant });
            NpgsqlConnection? connection = null;
            while (connection is null)
                connection = await TryOpenAsync(request, either.Token).ConfigureAwait(false);
            Count(request, _leases.Time.GetElapsedTime(started));
            return connection;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var failure = _runtime.Pools.WhyPaused(request.Tenant) ?? OpenFailures.TimedOut(request, Limit);
            Failed(failure.Code, started, activity);
            if (request is { WaitsForPermit: true, Pool: { } pool } && pool.Shares[0].Server is var server && server.AddTimedOut(_leases.Clock.Milliseconds))
                OpenLog.PermitsTaken(_leases.Logger, server.Name, request.Tenant, string.Join(", ", server.Top.Select(top => $"{top.Tenant} {top.Permits}")));
            throw new HyperConnException(failure, request.LastError);
        }
        catch (OperationCanceledException cancelled) when (cancelled.CancellationToken != cancellationToken)
        {
            // Callers compare it with the token they gave.
            throw new OperationCanceledException(cancelled.Message, cancelled, cancellationToken);
        }
        catch (HyperConnException exception)
        {
            Failed(exception.Code, started, activity);
            throw;
        }
    }

    /// <summary>Goes on with the lease of the same ambient transaction.</summary>
    private async ValueTask<NpgsqlConnection> ResumeAsync(OpenRequest request, EnlistedLease lease, CancellationToken cancellationToken)
    {
        var started = _leases.Time.GetTimestamp();
        using var activity = AcquireSpans.StartAcquire(request.Tenant, _leases.Options.Diagnostics.TenantLabels);
        try
        {
            var connection = await LeaseOpener.ResumeAsync(request, lease, cancellationToken).ConfigureAwait(false);
            Count(request, _leases.Time.GetElapsedTime(started));
            return connection;
        }
        catch (HyperConnException exception)
        {
            Failed(exception.Code, started, activity);
            throw;
        }
    }

    private void Failed(HyperConnErrorCode code, long started, Activity? activity)
    {
        _runtime.Counters.AddFailed();
        _runtime.Meter?.AcquireFailed(_leases.Time.GetElapsedTime(started), code);
        activity.Fail(code);
    }

    private void Count(OpenRequest request, TimeSpan took)
    {
        if (request.WasProbed)
            _runtime.Counters.AddProbe();
        if (request.IsCold || !request.WasProbed)
        {
            _runtime.Counters.AddCold();
            _runtime.Meter?.AcquiredCold(took);
        }
        else
        {
            _runtime.Counters.AddProbed();
            _runtime.Meter?.AcquiredProbed(took);
        }
    }

    private async ValueTask<NpgsqlConnection?> TryOpenAsync(OpenRequest request, CancellationToken cancellationToken)
    {
        // What was reported of an earlier try is no verdict on this one's.
        request.ServerReported = request.LoginReported = false;
        if (request.Lease.IsTaken)
            return await OpenOnceAsync(request, request.Pool!, cancellationToken).ConfigureAwait(false);
        var pool = request.Handle?.Current;
        var isExpected = pool is null;
        pool ??= await RequestPoolAsync(request, cancellationToken).ConfigureAwait(false);
        request.Pool = pool;
        try
        {
            request.NeedsProbe = pool.NeedsProbe();
            request.Lease = await LeaseWait.AcquireAsync(request, pool, cancellationToken).ConfigureAwait(false);
            if (!request.Lease.IsTaken)
            {
                await AfterMissAsync(request, pool, cancellationToken).ConfigureAwait(false);
                return null;
            }

            _leases.Totals.NotHot();
            return await OpenOnceAsync(request, pool, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (isExpected)
                pool.Unexpect();
        }
    }

    /// <summary>Opens the connection of the request's lease, which ends if it can't be opened.</summary>
    /// <returns>Null: it failed, and another try makes sense.</returns>
    private async ValueTask<NpgsqlConnection?> OpenOnceAsync(OpenRequest request, PoolGeneration pool, CancellationToken cancellationToken)
    {
        try
        {
            return await _opener.OpenAsync(request, pool, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // One that tried and ends without a verdict, cancelled for example, leaves the try to the next.
            if (!request.ServerReported)
                pool.Health.Circuit.ProbeAbandoned(request.Lease.ServerProbe);
            if (!request.LoginReported)
                pool.Login?.ProbeAbandoned(request.Lease.LoginProbe);
            request.Lease = default;
        }
    }

    private async ValueTask<PoolGeneration> RequestPoolAsync(OpenRequest request, CancellationToken cancellationToken)
    {
        request.IsCold = true;
        request.Stage = "its pool was being made";
        using var resolving = AcquireSpans.StartResolve(request.Tenant, _leases.Options.Diagnostics.TenantLabels);
        var promise = _runtime.Pools.RequestPool(request.Tenant, forLease: true);
        try
        {
            var answer = await request.WaitAsync(promise.Task, cancellationToken).ConfigureAwait(false);
            var pool = answer.Pool ?? throw new HyperConnException(answer.Failure!);
            request.Handle ??= answer.Handle;
            return pool;
        }
        catch (OperationCanceledException)
        {
            promise.Leave(cancellationToken);
            throw;
        }
    }

    private async ValueTask AfterMissAsync(OpenRequest request, PoolGeneration pool, CancellationToken cancellationToken)
    {
        var servers = _leases.Options.Servers;
        switch (request.Lease.Outcome)
        {
            case LeaseOutcome.TenantWaitersFull:
                throw new HyperConnException(OpenFailures.WaitersFull(request.Tenant, null, servers.MaxWaitersPerTenant));
            case LeaseOutcome.ServerWaitersFull:
                throw new HyperConnException(OpenFailures.WaitersFull(request.Tenant, pool.Shares[0].Server, servers.MaxWaitersPerServer));
        }

        // Between the draining bit and the successor's publication lies a moment of the pool's actor.
        request.IsCold = true;
        if (pool.Word.IsDraining && ReferenceEquals(request.Handle!.Current, pool))
            await request.PauseAsync(TimeSpan.FromMilliseconds(1), _leases.Time, cancellationToken).ConfigureAwait(false);
    }
}
