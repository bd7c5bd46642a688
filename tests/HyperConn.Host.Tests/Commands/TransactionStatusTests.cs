using System.Diagnostics;
using System.Globalization;
using HyperConn.Host.Commands;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests.Commands;

/// <summary>What a server's answer about a transaction is worth after crashes and on standbys: what may have been carried out is never called
/// aborted.</summary>
public sealed class TransactionStatusTests
{
    private const string Table = "create table effects (xid text)";

    [SkippableFact]
    public async Task A_number_that_is_committed_on_a_server_that_crashed_meanwhile_proves_nothing_and_an_aborted_one_does()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var settings = server.Admin("postgres");
        settings.Pooling = false;
        string committed, aborted, before;
        await using (var connection = await OpenAsync(settings))
        {
            await RunAsync(connection, Table);
            before = (await TransactionStatus.ServerAsync(connection, CancellationToken.None))!;
            Assert.NotNull(before);
            committed = await TransactAsync(connection, commit: true);
            aborted = await TransactAsync(connection, commit: false);
            Assert.Equal(TransactionFate.Committed, await TransactionStatus.OfAsync(connection, committed, before, CancellationToken.None));
            Assert.Equal(TransactionFate.Aborted, await TransactionStatus.OfAsync(connection, aborted, before, CancellationToken.None));
        }

        await server.Control!.KillAsync();
        await server.Control.StartAsync();
        await using var later = await OpenAsync(settings);

        Assert.NotEqual(before, await TransactionStatus.ServerAsync(later, CancellationToken.None));
        Assert.Equal(TransactionFate.Unknown, await TransactionStatus.OfAsync(later, committed, before, CancellationToken.None));
        Assert.Equal(TransactionFate.Aborted, await TransactionStatus.OfAsync(later, aborted, before, CancellationToken.None));
    }

    /// <summary>A server that does not wait for its log at a commit (<c>synchronous_commit = off</c>, or a transaction that wrote nothing)
    /// loses commits that it has acknowledged; it then calls them aborted, and that is what they have become.</summary>
    [SkippableFact]
    public async Task What_is_called_aborted_after_a_crash_has_left_nothing_behind_though_its_commit_was_acknowledged()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var settings = server.Admin("postgres");
        settings.Pooling = false;
        List<string> waitedFor = [], lost = [];
        string before;
        await using (var connection = await OpenAsync(settings))
        {
            await RunAsync(connection, Table);
            before = (await TransactionStatus.ServerAsync(connection, CancellationToken.None))!;
            for (var i = 0; i < 20; i++)
                waitedFor.Add(await TransactAsync(connection, commit: true));
            await RunAsync(connection, "set synchronous_commit = off");

            // What is not waited for is written by one process, and by it alone as long as it fits into memory.
            var writer = await LogWriterAsync(connection);
            await SignalAsync("STOP", writer);
            for (var i = 0; i < 20; i++)
                lost.Add(await TransactAsync(connection, commit: true));
            await server.Control!.KillAsync();
            await SignalAsync("KILL", writer);
        }

        await server.Control!.StartAsync();
        await using var later = await OpenAsync(settings);
        var effects = await EffectsAsync(later);
        foreach (var xid in waitedFor)
            Assert.Equal((true, TransactionFate.Unknown), (effects.Contains(xid), await TransactionStatus.OfAsync(later, xid, before, CancellationToken.None)));
        foreach (var xid in lost)
            Assert.Equal(effects.Contains(xid) ? TransactionFate.Unknown : TransactionFate.Aborted, await TransactionStatus.OfAsync(later, xid, before, CancellationToken.None));
        Assert.Contains(lost, xid => !effects.Contains(xid));

        // Their numbers are given again; what was told of them must not come from others.
        await RunAsync(later, "delete from effects");
        for (var i = 0; i < 40; i++)
            await TransactAsync(later, commit: true);
        foreach (var xid in lost)
            Assert.Equal(TransactionFate.Unknown, await TransactionStatus.OfAsync(later, xid, before, CancellationToken.None));
    }

    [SkippableFact]
    public async Task A_standby_that_has_not_come_to_the_commit_yet_is_not_asked()
    {
        var (primary, standby) = await ReplicaNode.StartPairAsync();
        await using var first = primary;
        await using var second = standby;
        await using var connection = await OpenAsync(primary.Admin());
        await RunAsync(connection, Table);
        var server = (await TransactionStatus.ServerAsync(connection, CancellationToken.None))!;
        await standby.ExecuteAsync("select pg_wal_replay_pause()");
        var committed = await TransactAsync(connection, commit: true);
        await using var behind = await OpenAsync(standby.Admin());

        Assert.Null(await TransactionStatus.ServerAsync(behind, CancellationToken.None));
        Assert.Equal(TransactionFate.Unknown, await TransactionStatus.OfAsync(behind, committed, server, CancellationToken.None));
        Assert.Equal(TransactionFate.Committed, await TransactionStatus.OfAsync(connection, committed, server, CancellationToken.None));
    }

    private static async Task<string> TransactAsync(NpgsqlConnection connection, bool commit)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        var xid = (await TransactionStatus.XidAsync(connection, transaction, CancellationToken.None))!;
        await RunAsync(connection, $"insert into effects values ('{xid}')");
        await (commit ? transaction.CommitAsync() : transaction.RollbackAsync());
        return xid;
    }

    private static async Task<int> LogWriterAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select pid from pg_stat_activity where backend_type = 'walwriter'", connection);
        return (int)(await command.ExecuteScalarAsync())!;
    }

    private static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    private static async Task<HashSet<string>> EffectsAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select xid from effects", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var effects = new HashSet<string>();
        while (await reader.ReadAsync())
            effects.Add(reader.GetString(0));
        return effects;
    }

    private static async Task<NpgsqlConnection> OpenAsync(NpgsqlConnectionStringBuilder settings)
    {
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
