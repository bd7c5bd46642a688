using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>A command on a tenant's data source: each execution takes a lease and gives it back.</summary>
internal sealed class TenantCommand(TenantDataSource source) : DbCommand
{
    private readonly NpgsqlCommand _command = new();

    [AllowNull]
    public override string CommandText
    {
        get => _command.CommandText;
        set => _command.CommandText = value;
    }

    public override int CommandTimeout
    {
        get => _command.CommandTimeout;
        set => _command.CommandTimeout = value;
    }

    public override CommandType CommandType
    {
        get => _command.CommandType;
        set => _command.CommandType = value;
    }

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource
    {
        get => _command.UpdatedRowSource;
        set => _command.UpdatedRowSource = value;
    }

    protected override DbConnection? DbConnection
    {
        get => _command.Connection;
        set => throw TenantLease.NotHere();
    }

    protected override DbParameterCollection DbParameterCollection => _command.Parameters;

    protected override DbTransaction? DbTransaction
    {
        get => null;
        set => throw TenantLease.NotHere();
    }

    public override void Cancel() => _command.Cancel();

    public override int ExecuteNonQuery() => TenantLease.Run(source, OnLease, _command.ExecuteNonQuery);

    public override object? ExecuteScalar() => TenantLease.Run(source, OnLease, _command.ExecuteScalar);

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) =>
        TenantLease.RunAsync(source, OnLease, _command.ExecuteNonQueryAsync, cancellationToken);

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) =>
        TenantLease.RunAsync(source, OnLease, _command.ExecuteScalarAsync, cancellationToken);

    // Nothing to prepare: each execution may have another connection.
    public override void Prepare()
    {
    }

    protected override DbParameter CreateDbParameter() => _command.CreateParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) =>
        TenantLease.Read(source, OnLease, () => _command.ExecuteReader(behavior | CommandBehavior.CloseConnection));

    protected override Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        TenantLease.ReadAsync(
            source, OnLease, async token => await _command.ExecuteReaderAsync(behavior | CommandBehavior.CloseConnection, token).ConfigureAwait(false), cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _command.Dispose();
        base.Dispose(disposing);
    }

    private void OnLease(NpgsqlConnection? connection) => _command.Connection = connection;
}
