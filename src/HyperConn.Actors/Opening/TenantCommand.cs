using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using HyperConn.Opening;
using Npgsql;

namespace HyperConn;

/// <summary>
/// A command on a tenant's data source: each execution takes a lease, and gives it back when it ends or when its reader is closed.
/// </summary>
/// <remarks>
/// <para>Made by <see cref="TenantDataSource.CreateCommand"/>. It can't be an <see cref="NpgsqlCommand"/>, whose readers nobody but Npgsql can
/// tie to a lease; parameters and readers are Npgsql's.</para>
/// <para>It has no transaction and no connection to be set: setting one throws <see cref="InvalidOperationException"/>. Where several commands
/// belong together, open a connection and make them on it. Every execution throws <see cref="HyperConnException"/> when no connection can be had.</para>
/// </remarks>
public sealed class TenantCommand : DbCommand
{
    private readonly TenantDataSource _source;
    private readonly NpgsqlCommand _command = new();

    internal TenantCommand(TenantDataSource source) => _source = source;

    /// <summary>The parameters.</summary>
    public new NpgsqlParameterCollection Parameters => _command.Parameters;

    /// <inheritdoc/>
    [AllowNull]
    public override string CommandText
    {
        get => _command.CommandText;
        set => _command.CommandText = value;
    }

    /// <inheritdoc/>
    public override int CommandTimeout
    {
        get => _command.CommandTimeout;
        set => _command.CommandTimeout = value;
    }

    /// <inheritdoc/>
    public override CommandType CommandType
    {
        get => _command.CommandType;
        set => _command.CommandType = value;
    }

    /// <inheritdoc/>
    public override bool DesignTimeVisible { get; set; }

    /// <inheritdoc/>
    public override UpdateRowSource UpdatedRowSource
    {
        get => _command.UpdatedRowSource;
        set => _command.UpdatedRowSource = value;
    }

    /// <inheritdoc/>
    protected override DbConnection? DbConnection
    {
        get => _command.Connection;
        set => throw TenantLease.NotHere();
    }

    /// <inheritdoc/>
    protected override DbParameterCollection DbParameterCollection => _command.Parameters;

    /// <inheritdoc/>
    protected override DbTransaction? DbTransaction
    {
        get => null;
        set => throw TenantLease.NotHere();
    }

    /// <inheritdoc/>
    public override void Cancel() => _command.Cancel();

    /// <inheritdoc/>
    public override int ExecuteNonQuery() => TenantLease.Run(_source, OnLease, _command.ExecuteNonQuery);

    /// <inheritdoc/>
    public override object? ExecuteScalar() => TenantLease.Run(_source, OnLease, _command.ExecuteScalar);

    /// <inheritdoc/>
    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) =>
        TenantLease.RunAsync(_source, OnLease, _command.ExecuteNonQueryAsync, cancellationToken);

    /// <inheritdoc/>
    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) =>
        TenantLease.RunAsync(_source, OnLease, _command.ExecuteScalarAsync, cancellationToken);

    /// <summary>Does nothing: each execution may have another connection. Npgsql's <c>Max Auto Prepare</c> prepares what is run often.</summary>
    public override void Prepare()
    {
    }

    /// <inheritdoc/>
    protected override DbParameter CreateDbParameter() => CreateParameter();

    /// <summary>Makes a parameter, which still has to be added to <see cref="Parameters"/>.</summary>
    /// <returns>A parameter of Npgsql's.</returns>
    public new NpgsqlParameter CreateParameter() => _command.CreateParameter();

    /// <summary>Runs the command and blocks until the first row can be read. The lease ends when the reader is closed or disposed.</summary>
    /// <param name="behavior">What is asked for; the connection is always closed with the reader.</param>
    /// <returns>The reader.</returns>
    /// <exception cref="HyperConnException">No connection can be had; the code says why.</exception>
    public new NpgsqlDataReader ExecuteReader(CommandBehavior behavior = CommandBehavior.Default) => (NpgsqlDataReader)ExecuteDbDataReader(behavior);

    /// <summary>Runs the command. The lease ends when the reader is closed or disposed.</summary>
    /// <param name="cancellationToken">Ends the wait, and the command.</param>
    /// <returns>The reader.</returns>
    /// <exception cref="HyperConnException">No connection can be had; the code says why.</exception>
    public new Task<NpgsqlDataReader> ExecuteReaderAsync(CancellationToken cancellationToken = default) =>
        ExecuteReaderAsync(CommandBehavior.Default, cancellationToken);

    /// <inheritdoc cref="ExecuteReaderAsync(CancellationToken)"/>
    /// <param name="behavior">What is asked for; the connection is always closed with the reader.</param>
    /// <param name="cancellationToken">Ends the wait, and the command.</param>
    public new async Task<NpgsqlDataReader> ExecuteReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken = default) =>
        (NpgsqlDataReader)await ExecuteDbDataReaderAsync(behavior, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) =>
        TenantLease.Read(_source, OnLease, () => _command.ExecuteReader(behavior | CommandBehavior.CloseConnection));

    /// <inheritdoc/>
    protected override Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        TenantLease.ReadAsync(
            _source, OnLease, async token => await _command.ExecuteReaderAsync(behavior | CommandBehavior.CloseConnection, token).ConfigureAwait(false), cancellationToken);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _command.Dispose();
        base.Dispose(disposing);
    }

    private void OnLease(NpgsqlConnection? connection) => _command.Connection = connection;
}
