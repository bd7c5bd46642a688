using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using HyperConn.Opening;
using Npgsql;

namespace HyperConn;

/// <summary>
/// A connection that is made now and opened later, as object-relational mappers do it: Entity Framework Core, Dapper, linq2db. Each opening takes
/// a lease, waits for it as <see cref="TenantDataSource.OpenConnectionAsync"/> does, and each closing ends it.
/// </summary>
/// <remarks>
/// <para>Made by <see cref="ITenantPools.CreateConnection"/> and <see cref="TenantDataSource.CreateConnection"/>, which neither wait nor look anything
/// up. It may be opened and closed as often as its owner likes; pools may be evicted and credentials rotated in between.</para>
/// <para>Npgsql's own connections can't wait for a lease when they are opened, so this one wraps one of them, <see cref="Npgsql"/>, for as long as it
/// is open. Parameters and readers are Npgsql's own; where code needs an <see cref="NpgsqlConnection"/> itself, for <c>COPY</c> or notifications,
/// take that, or open with <see cref="ITenantPools.OpenConnectionAsync"/>.</para>
/// <para>Not safe for use by several threads at once, like every <see cref="DbConnection"/>.</para>
/// </remarks>
public sealed class TenantConnection : DbConnection
{
    private readonly OpenRuntime _runtime;
    private ILeaseSource? _source;
    private NpgsqlConnection? _current;
    private TenantCommand? _spare;
    private bool _isOpening;
    private volatile bool _isHeard;
    private NpgsqlConnection? _followed;
    private volatile bool _isDisposed;

    internal TenantConnection(OpenRuntime runtime, TenantKey tenant, ILeaseSource? source = null)
    {
        _runtime = runtime;
        _source = source;
        Tenant = tenant;
    }

    /// <summary>The tenant.</summary>
    public TenantKey Tenant { get; }

    /// <summary>Npgsql's connection beneath. It is this opening's: another one is another connection.</summary>
    /// <exception cref="InvalidOperationException">The connection is not open.</exception>
    public NpgsqlConnection Npgsql => _current is { FullState: not (ConnectionState.Closed or ConnectionState.Broken) } open
        ? open
        : throw new InvalidOperationException("The connection is not open.");

    /// <summary>The connection string without its password, or empty while the tenant has no pool. A tenant's comes from its secret, so it can't
    /// be set.</summary>
    /// <exception cref="NotSupportedException">It was set.</exception>
    [AllowNull]
    public override string ConnectionString
    {
        get => Source?.ConnectionString ?? "";
        set => throw new NotSupportedException("A tenant's connection string comes from its secret and can't be set.");
    }

    /// <summary>Name of the database; empty while the tenant has no pool.</summary>
    public override string Database => Source?.Database ?? "";

    /// <summary>The server, <c>host:port</c>; several joined by commas. Empty while the tenant has no pool.</summary>
    public override string DataSource => Source?.ServerName ?? "";

    /// <summary>The server's version.</summary>
    /// <exception cref="InvalidOperationException">The connection is not open.</exception>
    public override string ServerVersion => Npgsql.ServerVersion;

    /// <inheritdoc/>
    public override ConnectionState State => _isOpening ? ConnectionState.Connecting : _current?.State ?? ConnectionState.Closed;

    /// <summary>Longest time an opening takes, the wait for a lease included, in whole seconds (<see cref="PoolOptions.AcquireTimeout"/>).</summary>
    public override int ConnectionTimeout => (int)Math.Ceiling(_runtime.Opener.Limit.TotalSeconds);

    /// <inheritdoc/>
    public override bool CanCreateBatch => true;

    /// <inheritdoc/>
    public override event StateChangeEventHandler? StateChange
    {
        add
        {
            base.StateChange += value;
            _isHeard = true;
            Interlocked.MemoryBarrier();
            if (_current is { } current)
                Follow(current);
        }
        remove => base.StateChange -= value;
    }

    private ILeaseSource? Source => _source ??= _runtime.Pools.FindSource(Tenant);

    /// <summary>Opens the connection and blocks until it is there. Prefer <see cref="OpenAsync"/>, which holds no thread.</summary>
    /// <exception cref="HyperConnException">No connection can be had; the code says why.</exception>
    /// <exception cref="InvalidOperationException">It is open already.</exception>
    public override void Open()
    {
        BeginOpen();
        try
        {
            Opened(Source is { } source ? source.OpenConnection() : OpenFirst());
        }
        finally
        {
            _isOpening = false;
        }

        OnStateChange(NowOpen);
    }

    /// <summary>Opens the connection.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends when it is open.</returns>
    /// <exception cref="HyperConnException">No connection can be had; the code says why.</exception>
    /// <exception cref="InvalidOperationException">It is open already.</exception>
    public override Task OpenAsync(CancellationToken cancellationToken)
    {
        BeginOpen();
        ValueTask<NpgsqlConnection> opening;
        try
        {
            opening = Source is { } source ? source.OpenConnectionAsync(cancellationToken) : OpenFirstAsync(cancellationToken);
            if (!opening.IsCompletedSuccessfully)
                return WaitAsync(opening);
            Opened(opening.Result);
            _isOpening = false;
        }
        catch
        {
            _isOpening = false;
            throw;
        }

        OnStateChange(NowOpen);
        return Task.CompletedTask;
    }

    /// <summary>Closes the connection, which ends the lease. Closing a closed one does nothing.</summary>
    public override void Close() => _current?.Close();

    /// <summary>Closes the connection, which ends the lease. Closing a closed one does nothing.</summary>
    /// <returns>A task that ends when it is closed.</returns>
    public override Task CloseAsync() => _current?.CloseAsync() ?? Task.CompletedTask;

    /// <summary>Is not supported: a tenant's database is what its secret says.</summary>
    /// <param name="databaseName">Of no use.</param>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void ChangeDatabase(string databaseName) =>
        throw new NotSupportedException("A tenant's database is what its secret says and can't be changed on a connection.");

    /// <summary>Enlists in a transaction. Keep the connection open until it ends: this is beyond what the lease can see.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <exception cref="InvalidOperationException">The connection is not open.</exception>
    public override void EnlistTransaction(System.Transactions.Transaction? transaction) => Npgsql.EnlistTransaction(transaction);

    /// <summary>Makes a command on this connection.</summary>
    /// <returns>A command that runs on whatever Npgsql connection this one has when it is executed.</returns>
    public new TenantCommand CreateCommand()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_spare is not { } command)
            return new TenantCommand(this);
        _spare = null;
        command.Revive();
        return command;
    }

    /// <inheritdoc/>
    public override DataTable GetSchema() => Npgsql.GetSchema();

    /// <inheritdoc/>
    public override DataTable GetSchema(string collectionName) => Npgsql.GetSchema(collectionName);

    /// <inheritdoc/>
    public override DataTable GetSchema(string collectionName, string?[] restrictionValues) => Npgsql.GetSchema(collectionName, restrictionValues);

    /// <inheritdoc/>
    public override Task<DataTable> GetSchemaAsync(CancellationToken cancellationToken = default) => Npgsql.GetSchemaAsync(cancellationToken);

    /// <inheritdoc/>
    public override Task<DataTable> GetSchemaAsync(string collectionName, CancellationToken cancellationToken = default) =>
        Npgsql.GetSchemaAsync(collectionName, cancellationToken);

    /// <inheritdoc/>
    public override Task<DataTable> GetSchemaAsync(
        string collectionName, string?[] restrictionValues, CancellationToken cancellationToken = default) =>
        Npgsql.GetSchemaAsync(collectionName, restrictionValues, cancellationToken);

    /// <summary>Keeps a command that was disposed for the next one: mappers make one for each query.</summary>
    internal void Keep(TenantCommand command) => _spare ??= command;

    /// <inheritdoc/>
    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) =>
        new TenantTransaction(this, Npgsql.BeginTransaction(isolationLevel));

    /// <inheritdoc/>
    protected override async ValueTask<DbTransaction> BeginDbTransactionAsync(IsolationLevel isolationLevel, CancellationToken cancellationToken) =>
        new TenantTransaction(this, await Npgsql.BeginTransactionAsync(isolationLevel, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    protected override DbCommand CreateDbCommand() => CreateCommand();

    /// <inheritdoc/>
    protected override DbBatch CreateDbBatch() => new TenantBatch(this);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            MarkDisposed()?.Dispose();

        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (MarkDisposed() is { } current)
            await current.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private static StateChangeEventArgs NowOpen { get; } = new(ConnectionState.Closed, ConnectionState.Open);

    private void BeginOpen()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (State != ConnectionState.Closed)
            throw new InvalidOperationException("The connection is open already, or being opened.");
        _isOpening = true;
    }

    private NpgsqlConnection OpenFirst()
    {
        var opening = OpenFirstAsync(isBlocking: true, CancellationToken.None);
        return opening.IsCompleted ? opening.Result : opening.AsTask().GetAwaiter().GetResult();
    }

    private ValueTask<NpgsqlConnection> OpenFirstAsync(CancellationToken cancellationToken) => OpenFirstAsync(isBlocking: false, cancellationToken);

    private ValueTask<NpgsqlConnection> OpenFirstAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        var opening = _runtime.Opener.OpenAsync(Tenant, null, isBlocking, cancellationToken);
        return _runtime.Stacks is { } stacks ? stacks.TrackAsync(Tenant, opening) : opening;
    }

    private async Task WaitAsync(ValueTask<NpgsqlConnection> opening)
    {
        try
        {
            Opened(await opening.ConfigureAwait(false));
        }
        finally
        {
            _isOpening = false;
        }

        OnStateChange(NowOpen);
    }

    private NpgsqlConnection? MarkDisposed()
    {
        _isDisposed = true;
        Interlocked.MemoryBarrier();
        return _current;
    }

    private void Opened(NpgsqlConnection connection)
    {
        // Somebody may give up on it while it is being opened, on another thread: he finds the connection, or is seen here.
        Interlocked.Exchange(ref _current, connection);
        if (_isHeard)
            Follow(connection);
        if (!_isDisposed)
            return;
        connection.Dispose();
        throw new ObjectDisposedException(nameof(TenantConnection));
    }

    /// <summary>Hears when Npgsql's connection closes. The lease listens to it already, and a second listener makes a list of two, which every opening
    /// would allocate anew: so only while somebody listens to this one.</summary>
    private void Follow(NpgsqlConnection connection)
    {
        if (!ReferenceEquals(Interlocked.Exchange(ref _followed, connection), connection))
            connection.StateChange += OnStateChange;
    }

    /// <summary>Closed by its owner, by a reader that takes it along, or by a fault.</summary>
    private void OnStateChange(object sender, StateChangeEventArgs change)
    {
        if (ReferenceEquals(sender, _current))
            OnStateChange(change);
    }
}
