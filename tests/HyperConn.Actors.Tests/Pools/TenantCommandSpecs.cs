using System.Data;
using System.Data.Common;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>Commands, batches and connections of a tenant before any of them is open.</summary>
public sealed class TenantCommandSpecs : OpeningSpec, IDisposable
{
    private readonly TenantDataSource _source;
    private readonly TenantConnection _connection;

    public TenantCommandSpecs()
    {
        _source = Publish(Pool("acme", Server()));
        _connection = _source.CreateConnection();
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public async Task A_command_with_leases_of_its_own_takes_no_connection_and_no_transaction_and_has_nothing_to_prepare()
    {
        await using var command = _source.CreateCommand("select 1");
        Assert.Null(command.Connection);
        Assert.Null(command.Transaction);
        Assert.Throws<InvalidOperationException>(() => command.Connection = _connection);
        Assert.Throws<InvalidOperationException>(() => command.Transaction = null);
        command.Prepare();
        await command.PrepareAsync();
        Assert.Equal("", _source.CreateCommand().CommandText);
    }

    [Fact]
    public async Task A_batch_with_leases_of_its_own_takes_neither_as_well()
    {
        await using var batch = _source.CreateBatch();
        Assert.Null(batch.Connection);
        Assert.Null(batch.Transaction);
        Assert.Throws<InvalidOperationException>(() => batch.Connection = _connection);
        Assert.Throws<InvalidOperationException>(() => batch.Transaction = null);
        batch.Prepare();
        await batch.PrepareAsync();
    }

    [Fact]
    public async Task A_command_of_a_connection_takes_connections_and_transactions_of_tenants_only()
    {
        await using var command = _connection.CreateCommand();
        await using var other = _source.CreateConnection();
        await using var stranger = new NpgsqlConnection();
        Assert.Same(_connection, command.Connection);
        command.Connection = other;
        Assert.Same(other, command.Connection);
        command.Transaction = null;
        Assert.Null(command.Transaction);
        var refused = Assert.Throws<InvalidOperationException>(() => command.Connection = stranger);
        Assert.Contains(nameof(NpgsqlConnection), refused.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => command.Transaction = new StrangeTransaction());
        command.Connection = null;
        Assert.Null(command.Connection);
    }

    [Fact]
    public async Task A_batch_of_a_connection_does_so_too()
    {
        await using var batch = _connection.CreateBatch();
        await using var stranger = new NpgsqlConnection();
        Assert.Same(_connection, batch.Connection);
        Assert.Throws<InvalidOperationException>(() => batch.Connection = stranger);
        Assert.Throws<InvalidOperationException>(() => batch.Transaction = new StrangeTransaction());
        batch.Transaction = null;
        batch.Connection = null;
        Assert.Null(batch.Connection);
    }

    public static TheoryData<string> Executions => ["nothing", "scalar", "reader", "prepare", "nothing async", "scalar async", "reader async", "prepare async"];

    [Theory]
    [MemberData(nameof(Executions))]
    public async Task A_command_or_batch_runs_on_an_open_connection_only(string execution)
    {
        await using var command = _connection.CreateCommand();
        await using var batch = _connection.CreateBatch();
        await AssertRefusedAsync("The connection is not open.");
        (command.Connection, batch.Connection) = (null, null);
        await AssertRefusedAsync("It has no connection to run on.");

        async Task AssertRefusedAsync(string message)
        {
            Assert.Equal(message, (await Assert.ThrowsAsync<InvalidOperationException>(RunCommandAsync)).Message);
            Assert.Equal(message, (await Assert.ThrowsAsync<InvalidOperationException>(RunBatchAsync)).Message);
        }

        Task RunCommandAsync() => execution switch
        {
            "nothing" => Task.FromResult(command.ExecuteNonQuery()),
            "scalar" => Task.FromResult(command.ExecuteScalar()),
            "reader" => Task.FromResult(command.ExecuteReader()),
            "prepare" => Task.Run(command.Prepare),
            "nothing async" => command.ExecuteNonQueryAsync(),
            "scalar async" => command.ExecuteScalarAsync(),
            "reader async" => command.ExecuteReaderAsync(),
            _ => command.PrepareAsync(),
        };

        Task RunBatchAsync() => execution switch
        {
            "nothing" => Task.FromResult(batch.ExecuteNonQuery()),
            "scalar" => Task.FromResult(batch.ExecuteScalar()),
            "reader" => Task.FromResult(batch.ExecuteReader()),
            "prepare" => Task.Run(batch.Prepare),
            "nothing async" => batch.ExecuteNonQueryAsync(),
            "scalar async" => batch.ExecuteScalarAsync(),
            "reader async" => batch.ExecuteReaderAsync(),
            _ => batch.PrepareAsync(),
        };
    }

    [Fact]
    public void A_command_that_was_disposed_runs_no_more_and_disposing_it_again_does_nothing()
    {
        var command = _connection.CreateCommand();
        command.CommandTimeout = 5;
        command.Dispose();
        command.Dispose();
        Assert.Throws<ObjectDisposedException>(() => command.ExecuteNonQuery());
        Assert.NotSame(command, _connection.CreateCommand());

        // One that nothing was set on is kept for the next, once.
        var kept = _connection.CreateCommand();
        kept.Dispose();
        kept.Dispose();
        Assert.Same(kept, _connection.CreateCommand());
        Assert.NotSame(kept, _connection.CreateCommand());
    }

    [Fact]
    public void A_connection_names_its_database_and_server_once_the_tenant_has_a_pool()
    {
        Assert.Equal(("d", "db1:5432"), (_connection.Database, _connection.DataSource));
        Assert.Contains("Database=d", _connection.ConnectionString, StringComparison.Ordinal);
        Assert.DoesNotContain(ScriptedSecrets.Canary, _connection.ConnectionString, StringComparison.Ordinal);

        // One that waits for the tenant's first pool finds it.
        using var late = new TenantConnection(Runtime.Opening, TenantKey.Create("core", "late"));
        Assert.Equal(("", "", ""), (late.Database, late.DataSource, late.ConnectionString));
        var handle = Publish(Pool("late", Server("db2")));
        Assert.Equal(("d", "db2:5432"), (late.Database, late.DataSource));

        // And while there is none, again.
        handle.Publish(handle.Current, null);
        handle.Touch();
        Assert.Equal(("", "", ""), (late.Database, late.DataSource, late.ConnectionString));
    }

    [Fact]
    public async Task A_connection_that_is_closed_has_none_of_Npgsqls_and_closing_it_does_nothing()
    {
        Assert.Throws<InvalidOperationException>(() => _connection.Npgsql);
        Assert.Throws<InvalidOperationException>(() => _connection.ServerVersion);
        Assert.Equal(ConnectionState.Closed, _connection.State);
        _connection.Close();
        await _connection.CloseAsync();
        Assert.Throws<NotSupportedException>(() => _connection.ConnectionString = "");
        Assert.Throws<NotSupportedException>(() => _connection.ChangeDatabase("other"));
        _connection.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _connection.CreateCommand());
        Assert.Throws<ObjectDisposedException>(() => _connection.Open());
    }

    private sealed class StrangeTransaction : DbTransaction
    {
        public override IsolationLevel IsolationLevel => IsolationLevel.Unspecified;

        protected override DbConnection? DbConnection => null;

        public override void Commit() => throw new NotSupportedException();

        public override void Rollback() => throw new NotSupportedException();
    }
}
