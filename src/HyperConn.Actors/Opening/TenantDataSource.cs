using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Transactions;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn;

/// <summary>
/// A tenant's data source: what callers hold and open connections on. May be kept for ever and used by any number of threads.
/// </summary>
/// <remarks>
/// <para>It is a handle, not the pool. When the pool was evicted, or its credentials have changed, the next open makes a new one.
/// Opening takes a lease, which ends when the connection is closed or disposed; a pool with an open lease is never evicted.</para>
/// <para>The handle belongs to HyperConn and is shared by all callers of the tenant: disposing it does nothing, however often.</para>
/// <para>Inside an ambient transaction (<see cref="TransactionScope"/>) connections enlist as they do with Npgsql alone. The lease then lasts
/// until the transaction ends, and connections opened one after the other in it share one. The physical connection isn't used again after
/// that: where it matters, <see cref="NpgsqlConnection.BeginTransaction()"/> is faster. A call of
/// <see cref="NpgsqlConnection.EnlistTransaction"/> is beyond what can be seen here: keep such a connection open until the transaction ends.</para>
/// <para>Every way to open throws <see cref="HyperConnException"/> when no connection can be had and
/// <see cref="OperationCanceledException"/> when the caller's token is cancelled.</para>
/// </remarks>
public sealed class TenantDataSource : DbDataSource, IPoolHandle, ILeaseSource
{
    // After a refused login: tries at 0, 2, 10, 30, 60, 90 … seconds. Never more than four in a minute, early enough to bridge a rotation's
    // window of seconds inside a caller's deadline, and the fifth falls where the secret may be fetched again (three times a minute).
    internal static readonly IReadOnlyList<TimeSpan> LoginDelays = [.. new[] { 2.0, 8, 20, 30 }.Select(TimeSpan.FromSeconds)];

    private readonly OpenRuntime _runtime;
    private readonly LeaseRuntime _leases;
    private readonly LeaseStacks? _stacks;
    private PoolGeneration? _current;
    private HyperConnFailure? _lastFailure;
    private volatile ServerHealth? _health;

    internal TenantDataSource(OpenRuntime runtime, TenantKey tenant)
    {
        _runtime = runtime;
        _leases = runtime.Leases;
        _stacks = runtime.Stacks;
        Tenant = tenant;
        Login = new Circuit(runtime.Leases.Time, LoginDelays);
    }

    /// <summary>The tenant.</summary>
    public TenantKey Tenant { get; }

    /// <summary>The connection string without its password, or empty while the tenant has no pool.</summary>
    public override string ConnectionString => Current is { } pool ? DataSourceFactory.Describe(pool.Credentials.Postgres) : "";

    /// <summary>The generation that takes leases now; null: none, ask the supervisor.</summary>
    internal PoolGeneration? Current => Volatile.Read(ref _current);

    /// <summary>Whether there ever was a generation, so that somebody may hold this handle.</summary>
    internal bool HadPool => _health is not null;

    /// <summary>Whether it had a pool when it was last asked whether it may rest. Only its table touches it.</summary>
    internal bool WasInUse { get; set; }

    /// <summary>Memory of refused logins; it outlives the pool.</summary>
    internal Circuit Login { get; }

    /// <summary>Version of the secret that the tenant's latest pool used last; null: it has had none. Only its pool's actor touches it.</summary>
    internal string? SecretVersion { get; set; }

    /// <summary>Why the pool could not be made, or its secret not refreshed, the last time; null after a success.</summary>
    internal HyperConnFailure? LastFailure
    {
        get => Volatile.Read(ref _lastFailure);
        set => Volatile.Write(ref _lastFailure, value);
    }

    /// <summary>Opens a connection. Close or dispose it to end the lease.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>An open connection of this tenant.</returns>
    /// <exception cref="HyperConnException">No connection can be had; the code says why.</exception>
    public new ValueTask<NpgsqlConnection> OpenConnectionAsync(CancellationToken cancellationToken = default) =>
        _stacks is null ? OpenAsync(cancellationToken) : _stacks.TrackAsync(Tenant, OpenAsync(cancellationToken));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (ContinuesTransaction || Current is not { } pool || !pool.TryLease(out var before))
            return _runtime.Opener.OpenAsync(Tenant, this, isBlocking: false, cancellationToken);
        return before.IsSample
            ? OpenTimed(pool, before.AgeBucket, isBlocking: false, cancellationToken)
            : OpenLeased(pool, before.AgeBucket, isBlocking: false, cancellationToken);
    }

    /// <summary>One hot acquisition in many, for the histogram, while somebody listens.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ValueTask<NpgsqlConnection> OpenTimed(PoolGeneration pool, int bucket, bool isBlocking, CancellationToken cancellationToken)
    {
        var meter = _runtime.Meter is { TimesAcquisitions: true } listened ? listened : null;
        var began = _leases.Time.GetTimestamp();
        var opening = OpenLeased(pool, bucket, isBlocking, cancellationToken);

        // One that finds no idle connection is counted as cold.
        if (opening.IsCompletedSuccessfully)
            meter?.AcquiredHot(_leases.Time.GetElapsedTime(began));
        return opening;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ValueTask<NpgsqlConnection> OpenLeased(PoolGeneration pool, int bucket, bool isBlocking, CancellationToken cancellationToken)
    {
        var connection = pool.IdleSource.CreateConnection();
        if (!TenantConnections.OpenIdle(connection).IsCompletedSuccessfully)
            return OpenNew(pool, bucket, isBlocking, cancellationToken);
        return new ValueTask<NpgsqlConnection>(AmbientEnlistment.Of(connection) is { } transaction
            ? pool.Listener.Bind(connection, EnlistedLease.Begin(_leases, pool, bucket, transaction))
            : pool.Listener.Bind(connection, bucket));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ValueTask<NpgsqlConnection> OpenNew(PoolGeneration pool, int bucket, bool isBlocking, CancellationToken cancellationToken)
    {
        if (Transaction.Current is null)
            return _runtime.Opener.OpenAsync(this, pool, bucket, isBlocking, cancellationToken);
        _leases.Totals.NotHot();
        pool.EndUnused(bucket);
        return _runtime.Opener.OpenAsync(Tenant, this, isBlocking, cancellationToken);
    }

    /// <summary>
    /// Opens a connection and blocks until it is there. All I/O with PostgreSQL is done on the caller's thread, so any number of threads of the
    /// pool may block here. Prefer <see cref="OpenConnectionAsync"/>, which holds no thread.
    /// </summary>
    /// <returns>An open connection of this tenant.</returns>
    /// <exception cref="HyperConnException">No connection can be had; the code says why.</exception>
    public new NpgsqlConnection OpenConnection() => _stacks is null ? Open() : _stacks.Track(Tenant, Open());

    private NpgsqlConnection Open()
    {
        var opening = ContinuesTransaction || Current is not { } pool || !pool.TryLease(out var before)
            ? _runtime.Opener.OpenAsync(Tenant, this, isBlocking: true, CancellationToken.None)
            : before.IsSample
                ? OpenTimed(pool, before.AgeBucket, isBlocking: true, CancellationToken.None)
                : OpenLeased(pool, before.AgeBucket, isBlocking: true, CancellationToken.None);

        // A blocking open has done everything when it returns.
        return opening.IsCompleted ? opening.Result : opening.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Makes a connection to be opened later. Nothing is waited for; each opening of it takes a lease.</summary>
    /// <returns>A closed connection of this tenant.</returns>
    public new TenantConnection CreateConnection() => new(_runtime, Tenant, this);

    /// <summary>Makes a command whose every execution takes a lease of its own.</summary>
    /// <param name="commandText">Its text; may be set later.</param>
    /// <returns>A command of this tenant.</returns>
    public new TenantCommand CreateCommand(string? commandText = null) => new(this) { CommandText = commandText ?? "" };

    // While a lease lasts under a transaction, an open in a transaction may have to go on with it. The first open of a transaction need not.
    private bool ContinuesTransaction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !(AmbientEnlistment.CanBeRead && _leases.Enlisted.IsEmpty) && Transaction.Current is not null;
    }

    /// <summary>Counts as a use for eviction: somebody asked for this handle.</summary>
    internal void Touch() => Current?.Touch();

    internal bool Publish(PoolGeneration? before, PoolGeneration? after)
    {
        if (after is not null)
        {
            _health = after.Health;
            after.Login = Login;
        }

        return ReferenceEquals(Interlocked.CompareExchange(ref _current, after, before), before);
    }

    /// <summary>Why an open would fail whatever it waited for; null: it might succeed. What is remembered outlives the pool.</summary>
    internal HyperConnFailure? Refusal(TimeSpan deadline) =>
        (Current is { } pool && pool.Word.Permits > 0 ? null : Login.Refusal(deadline)) ?? (Current?.Health ?? _health)?.Circuit.Refusal(deadline);

    string ILeaseSource.Database => Current?.Credentials.Postgres.Database ?? "";

    string ILeaseSource.ServerName => Current?.ServerName ?? "";

    PoolGeneration? IPoolHandle.Current => Current;

    Circuit IPoolHandle.Login => Login;

    HyperConnFailure? IPoolHandle.Refusal(TimeSpan deadline) => Refusal(deadline);

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => CreateConnection();

    /// <inheritdoc/>
    protected override DbConnection OpenDbConnection() => OpenConnection();

    /// <inheritdoc/>
    protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default) =>
        await OpenConnectionAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    protected override DbCommand CreateDbCommand(string? commandText = null) => CreateCommand(commandText);

    /// <inheritdoc/>
    protected override DbBatch CreateDbBatch() => new TenantBatch(this);
}
