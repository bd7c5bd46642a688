using System.Data;
using System.Data.Common;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>Connections, commands and batches of a tenant on sessions that stand.</summary>
public class OpenConnectionSpecs : OpenHouseSpec
{
    [Fact]
    public async Task A_connection_that_broke_has_none_of_Npgsqls_and_may_be_opened_again_once_it_is_closed()
    {
        await using var connection = Handle.CreateConnection();
        await connection.OpenAsync();
        Assert.Equal("16.0", connection.ServerVersion);
        Assert.Throws<InvalidOperationException>(() => connection.Open());
        await using var command = connection.CreateCommand();
        command.CommandText = "select 1";
        House.Cut();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteNonQueryAsync());
        Assert.Throws<InvalidOperationException>(() => connection.Npgsql);
        Assert.Equal(0, First.Word.Leases);
    }

    [Fact]
    public async Task Who_begins_to_listen_to_an_open_connection_hears_it_close()
    {
        await using var connection = Handle.CreateConnection();
        await connection.OpenAsync();
        var heard = new List<ConnectionState>();
        connection.StateChange += (_, change) => heard.Add(change.CurrentState);
        await connection.CloseAsync();
        connection.Open();
        Assert.Equal([ConnectionState.Closed, ConnectionState.Open], heard);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_batch_runs_on_a_lease_of_its_own_or_on_its_connection(bool onConnection)
    {
        await using var connection = Handle.CreateConnection();
        await connection.OpenAsync();
        await using var batch = onConnection ? connection.CreateBatch() : Handle.CreateBatch();
        Add("select 1");
        Add("select 2");
        batch.Prepare();
        await batch.PrepareAsync();
        batch.ExecuteNonQuery();
        await batch.ExecuteNonQueryAsync();
        Assert.Null(batch.ExecuteScalar());
        Assert.Null(await batch.ExecuteScalarAsync());
        await using (var reader = batch.ExecuteReader())
            Assert.Equal(onConnection ? 1 : 2, First.Word.Leases);
        await using (var reader = await batch.ExecuteReaderAsync())
            Assert.Equal(onConnection ? 1 : 2, First.Word.Leases);
        Assert.Equal(1, First.Word.Leases);

        void Add(string text)
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = text;
            batch.BatchCommands.Add(command);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_command_runs_on_a_lease_of_its_own_or_on_its_connection(bool onConnection)
    {
        await using var connection = Handle.CreateConnection();
        await connection.OpenAsync();
        await using DbCommand command = onConnection ? connection.CreateCommand() : Handle.CreateCommand();
        command.CommandText = "select 1";
        command.Prepare();
        await command.PrepareAsync();
        command.ExecuteNonQuery();
        await command.ExecuteNonQueryAsync();
        Assert.Null(command.ExecuteScalar());
        Assert.Null(await command.ExecuteScalarAsync());
        await using (var reader = command.ExecuteReader())
            Assert.Equal(onConnection ? 1 : 2, First.Word.Leases);
        await using (var reader = await command.ExecuteReaderAsync())
            Assert.Equal(onConnection ? 1 : 2, First.Word.Leases);
        Assert.Equal(1, First.Word.Leases);
    }

    [Fact]
    public async Task A_command_whose_reader_is_open_is_not_kept_for_the_next()
    {
        await using var connection = Handle.CreateConnection();
        await connection.OpenAsync();
        var command = connection.CreateCommand();
        command.CommandText = "select 1";
        await using (await command.ExecuteReaderAsync())
            command.Dispose();
        Assert.NotSame(command, connection.CreateCommand());
    }

    [Fact]
    public async Task Connections_to_be_kept_are_opened_anew_and_stay_idle()
    {
        var keeping = Runtime.Opening.Keeper.KeepAsync(First, 2, default);
        Time.Advance(BudgetTuning.Default.ReturnCooldown);
        await PoolWorld.Within(keeping);
        Assert.Equal((2, 0, 2), (First.Word.Permits, First.Word.Leases, House.Sessions));
        await (await Handle.OpenConnectionAsync()).DisposeAsync();
        Assert.Equal(2, House.Sessions);
    }

    [Fact]
    public async Task One_to_be_kept_that_is_opened_when_the_share_has_lapsed_is_closed_again()
    {
        var door = new TaskCompletionSource();
        House.Door = door.Task;
        var keeping = Runtime.Opening.Keeper.KeepAsync(First, 2, default);
        Time.Advance(BudgetTuning.Default.ReturnCooldown);
        Assert.True(SpinWait.SpinUntil(() => State.OpenSlots.Taken == 1, TimeSpan.FromSeconds(20)));
        State.Share = new NodeShare(null!, Runtime.Monotonic);
        door.SetResult();
        await PoolWorld.Within(keeping);
        Assert.Equal((1, 0, 0), (First.Word.Permits, First.Word.Leases, State.OpenSlots.Taken));
        Assert.Equal(1, Told<PermitsReturned>(State));
    }

    [Fact]
    public async Task A_transaction_names_the_tenants_connection_and_commands_of_it_take_it()
    {
        await using var connection = Handle.CreateConnection();
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        Assert.Same(connection, transaction.Connection);
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "select 1";
        await command.ExecuteNonQueryAsync();
        Assert.Same(transaction, command.Transaction);
        await transaction.RollbackAsync();
    }
}
