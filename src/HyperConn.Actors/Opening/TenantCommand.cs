using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using HyperConn.Opening;
using Npgsql;

namespace HyperConn;

/// <summary>A command of a tenant. Parameters and readers are Npgsql's.</summary>
/// <remarks>
/// <para>Made by <see cref="TenantDataSource.CreateCommand"/>, each execution takes a lease, and gives it back when it ends or when its reader is
/// closed. Such a command has no transaction and no connection to be set: setting one throws <see cref="InvalidOperationException"/>. Where
/// several commands belong together, open a connection and make them on it.</para>
/// <para>Made by <see cref="TenantConnection.CreateCommand"/>, it runs on that connection, which must be open.</para>
/// <para>It can't be an <see cref="NpgsqlCommand"/>, whose readers nobody but Npgsql can tie to a lease. An execution that needs a lease throws
/// <see cref="HyperConnException"/> when no connection can be had.</para>
/// </remarks>
public sealed class TenantCommand : DbCommand
{
    private readonly ILeaseSource? _source;
    private readonly NpgsqlCommand _command = new();
    private TenantConnection? _connection;
    private DbTransaction? _transaction;
    private bool _isPlain = true;
    private bool _isDisposed;

    internal TenantCommand(ILeaseSource source) => _source = source;

    internal TenantCommand(TenantConnection connection) => _connection = connection;

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
        set
        {
            _command.CommandTimeout = value;
            _isPlain = false;
        }
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
        set
        {
            _command.UpdatedRowSource = value;
            _isPlain = false;
        }
    }

    /// <inheritdoc/>
    protected override DbConnection? DbConnection
    {
        get => _source is null ? _connection : _command.Connection;
        set
        {
            _connection = TenantLease.ConnectionOf(_source, value);
            _command.Connection = null;
        }
    }

    /// <inheritdoc/>
    protected override DbParameterCollection DbParameterCollection => _command.Parameters;

    /// <inheritdoc/>
    protected override DbTransaction? DbTransaction
    {
        get => _transaction;
        set => _transaction = TenantLease.TransactionOf(_source, value);
    }

    /// <summary>Npgsql's command on the connection's present one.</summary>
    private NpgsqlCommand OnConnection
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _command.Connection = TenantLease.OpenOf(_connection);
            return _command;
        }
    }

    /// <inheritdoc/>
    public override void Cancel() => _command.Cancel();

    /// <inheritdoc/>
    public override int ExecuteNonQuery() =>
        _source is null ? OnConnection.ExecuteNonQuery() : TenantLease.Run(_source, OnLease, _command.ExecuteNonQuery);

    /// <inheritdoc/>
    public override object? ExecuteScalar() =>
        _source is null ? OnConnection.ExecuteScalar() : TenantLease.Run(_source, OnLease, _command.ExecuteScalar);

    /// <inheritdoc/>
    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) => _source is null
        ? OnConnection.ExecuteNonQueryAsync(cancellationToken)
        : TenantLease.RunAsync(_source, OnLease, _command.ExecuteNonQueryAsync, cancellationToken);

    /// <inheritdoc/>
    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) => _source is null
        ? OnConnection.ExecuteScalarAsync(cancellationToken)
        : TenantLease.RunAsync(_source, OnLease, _command.ExecuteScalarAsync, cancellationToken);

    /// <summary>Prepares the command on its connection. Without one it does nothing: each execution may have another; Npgsql's
    /// <c>Max Auto Prepare</c> prepares what is run often.</summary>
    public override void Prepare()
    {
        if (_source is null)
            OnConnection.Prepare();
    }

    /// <inheritdoc cref="Prepare"/>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends when it is prepared.</returns>
    public override Task PrepareAsync(CancellationToken cancellationToken = default) =>
        _source is null ? OnConnection.PrepareAsync(cancellationToken) : Task.CompletedTask;

    /// <inheritdoc/>
    protected override DbParameter CreateDbParameter() => CreateParameter();

    /// <summary>Makes a parameter, which still has to be added to <see cref="Parameters"/>.</summary>
    /// <returns>A parameter of Npgsql's.</returns>
    public new NpgsqlParameter CreateParameter() => _command.CreateParameter();

    /// <summary>Runs the command and blocks until the first row can be read. The lease ends when the reader is closed or disposed.</summary>
    /// <param name="behavior">What is asked for; a lease of the command's own always ends with the reader.</param>
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
    /// <param name="behavior">What is asked for; a lease of the command's own always ends with the reader.</param>
    /// <param name="cancellationToken">Ends the wait, and the command.</param>
    public new async Task<NpgsqlDataReader> ExecuteReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken = default) =>
        (NpgsqlDataReader)await ExecuteDbDataReaderAsync(behavior, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => _source is null
        ? OnConnection.ExecuteReader(behavior)
        : ReadOnLease(_source, behavior);

    /// <inheritdoc/>
    protected override Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) => _source is null
        ? ((DbCommand)OnConnection).ExecuteReaderAsync(behavior, cancellationToken)
        : ReadOnLeaseAsync(_source, behavior, cancellationToken);

    /// <summary>Makes a command that was disposed, and kept by its connection, as good as new.</summary>
    internal void Revive() => _isDisposed = false;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            if (_connection is { } connection && MayBeKept)
            {
                _command.Parameters.Clear();
                (_command.CommandText, _command.CommandType, _transaction) = ("", CommandType.Text, null);
                connection.Keep(this);
            }
            else
            {
                _command.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    // Nothing was set that can't be taken back, and no reader is open on it.
    private bool MayBeKept =>
        _isPlain && (_command.Connection?.FullState & (ConnectionState.Executing | ConnectionState.Fetching)).GetValueOrDefault() == 0;

    // Methods of their own: what a lambda takes with it is allocated where its method begins, on connections for nothing.
    private DbDataReader ReadOnLease(ILeaseSource source, CommandBehavior behavior) =>
        TenantLease.Read(source, OnLease, () => _command.ExecuteReader(behavior | CommandBehavior.CloseConnection));

    private Task<DbDataReader> ReadOnLeaseAsync(ILeaseSource source, CommandBehavior behavior, CancellationToken cancellationToken) => TenantLease.ReadAsync(
        source,
        OnLease,
        async token => await _command.ExecuteReaderAsync(behavior | CommandBehavior.CloseConnection, token).ConfigureAwait(false),
        cancellationToken);

    private void OnLease(NpgsqlConnection? connection) => _command.Connection = connection;
}
