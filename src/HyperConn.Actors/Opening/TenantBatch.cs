using System.Data;
using System.Data.Common;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>
/// A batch on a tenant's data source, of which each execution takes a lease and gives it back, or on a <see cref="TenantConnection"/>.
/// </summary>
internal sealed class TenantBatch : DbBatch
{
    private readonly ILeaseSource? _source;
    private readonly NpgsqlBatch _batch = new();
    private TenantConnection? _connection;
    private DbTransaction? _transaction;

    public TenantBatch(ILeaseSource source) => _source = source;

    public TenantBatch(TenantConnection connection) => _connection = connection;

    public override int Timeout
    {
        get => _batch.Timeout;
        set => _batch.Timeout = value;
    }

    protected override DbBatchCommandCollection DbBatchCommands => _batch.BatchCommands;

    protected override DbConnection? DbConnection
    {
        get => _source is null ? _connection : _batch.Connection;
        set
        {
            _connection = TenantLease.ConnectionOf(_source, value);
            _batch.Connection = null;
        }
    }

    protected override DbTransaction? DbTransaction
    {
        get => _transaction;
        set => _transaction = TenantLease.TransactionOf(_source, value);
    }

    private NpgsqlBatch OnConnection
    {
        get
        {
            _batch.Connection = TenantLease.OpenOf(_connection);
            return _batch;
        }
    }

    public override void Cancel() => _batch.Cancel();

    public override int ExecuteNonQuery() =>
        _source is null ? OnConnection.ExecuteNonQuery() : TenantLease.Run(_source, OnLease, _batch.ExecuteNonQuery);

    public override object? ExecuteScalar() =>
        _source is null ? OnConnection.ExecuteScalar() : TenantLease.Run(_source, OnLease, _batch.ExecuteScalar);

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken = default) => _source is null
        ? OnConnection.ExecuteNonQueryAsync(cancellationToken)
        : TenantLease.RunAsync(_source, OnLease, _batch.ExecuteNonQueryAsync, cancellationToken);

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken = default) => _source is null
        ? OnConnection.ExecuteScalarAsync(cancellationToken)
        : TenantLease.RunAsync(_source, OnLease, _batch.ExecuteScalarAsync, cancellationToken);

    // Without a connection there is nothing to prepare: each execution may have another.
    public override void Prepare()
    {
        if (_source is null)
            OnConnection.Prepare();
    }

    public override Task PrepareAsync(CancellationToken cancellationToken = default) =>
        _source is null ? OnConnection.PrepareAsync(cancellationToken) : Task.CompletedTask;

    protected override DbBatchCommand CreateDbBatchCommand() => new NpgsqlBatchCommand();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => _source is null
        ? OnConnection.ExecuteReader(behavior)
        : ReadOnLease(_source, behavior);

    protected override Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) => _source is null
        ? ((DbBatch)OnConnection).ExecuteReaderAsync(behavior, cancellationToken)
        : ReadOnLeaseAsync(_source, behavior, cancellationToken);

    public override void Dispose()
    {
        _batch.Dispose();
        base.Dispose();
    }

    // Methods of their own: what a lambda takes with it is allocated where its method begins, on connections for nothing.
    private DbDataReader ReadOnLease(ILeaseSource source, CommandBehavior behavior) =>
        TenantLease.Read(source, OnLease, () => _batch.ExecuteReader(behavior | CommandBehavior.CloseConnection));

    private Task<DbDataReader> ReadOnLeaseAsync(ILeaseSource source, CommandBehavior behavior, CancellationToken cancellationToken) => TenantLease.ReadAsync(
        source,
        OnLease,
        async token => await _batch.ExecuteReaderAsync(behavior | CommandBehavior.CloseConnection, token).ConfigureAwait(false),
        cancellationToken);

    private void OnLease(NpgsqlConnection? connection) => _batch.Connection = connection;
}
