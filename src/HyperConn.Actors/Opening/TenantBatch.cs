using System.Data;
using System.Data.Common;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>A batch on a tenant's data source: each execution takes a lease and gives it back.</summary>
internal sealed class TenantBatch(TenantDataSource source) : DbBatch
{
    private readonly NpgsqlBatch _batch = new();

    public override int Timeout
    {
        get => _batch.Timeout;
        set => _batch.Timeout = value;
    }

    protected override DbBatchCommandCollection DbBatchCommands => _batch.BatchCommands;

    protected override DbConnection? DbConnection
    {
        get => _batch.Connection;
        set => throw TenantLease.NotHere();
    }

    protected override DbTransaction? DbTransaction
    {
        get => null;
        set => throw TenantLease.NotHere();
    }

    public override void Cancel() => _batch.Cancel();

    public override int ExecuteNonQuery() => TenantLease.Run(source, OnLease, _batch.ExecuteNonQuery);

    public override object? ExecuteScalar() => TenantLease.Run(source, OnLease, _batch.ExecuteScalar);

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken = default) =>
        TenantLease.RunAsync(source, OnLease, _batch.ExecuteNonQueryAsync, cancellationToken);

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken = default) =>
        TenantLease.RunAsync(source, OnLease, _batch.ExecuteScalarAsync, cancellationToken);

    // Nothing to prepare: each execution may have another connection.
    public override void Prepare()
    {
    }

    public override Task PrepareAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    protected override DbBatchCommand CreateDbBatchCommand() => new NpgsqlBatchCommand();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) =>
        TenantLease.Read(source, OnLease, () => _batch.ExecuteReader(behavior | CommandBehavior.CloseConnection));

    protected override Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        TenantLease.ReadAsync(
            source, OnLease, async token => await _batch.ExecuteReaderAsync(behavior | CommandBehavior.CloseConnection, token).ConfigureAwait(false), cancellationToken);

    public override void Dispose()
    {
        _batch.Dispose();
        base.Dispose();
    }

    private void OnLease(NpgsqlConnection? connection) => _batch.Connection = connection;
}
