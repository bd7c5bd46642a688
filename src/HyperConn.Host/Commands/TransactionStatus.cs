using Npgsql;

namespace HyperConn.Host.Commands;

/// <summary>How a transaction ended, as the server remembers it.</summary>
internal enum TransactionFate
{
    /// <summary>The server can't tell: another server or timeline answers now, it was too long ago, or it may not be asked.</summary>
    Unknown,

    /// <summary>It still runs; its client may be gone.</summary>
    InProgress,

    /// <summary>Carried out.</summary>
    Committed,

    /// <summary>Rolled back.</summary>
    Aborted,
}

/// <summary>Notes a transaction's number before its work begins, and asks the server later how it ended.</summary>
/// <remarks>
/// PostgreSQL's manual, "Transaction ID and Snapshot Information Functions". A number means something on its own server and timeline only:
/// a promoted standby may have given the same number to another transaction. So may a server that crashed, if nothing of the transaction had
/// reached its disk; such a number that is committed now proves nothing, one that is aborted does. A crash shows in the time of the
/// cumulative statistics' reset, which recovery sets anew. A standby is never asked: it may not have come to the commit yet, and would call
/// aborted, or not yet begun, what its primary has carried out.
/// </remarks>
internal static class TransactionStatus
{
    // A standby that was just promoted has its new timeline in the second of the two first.
    private const string ServerSql = """
        select system.system_identifier::text || '/' || greatest(last.timeline_id, recovery.min_recovery_end_timeline)::text
          || '/' || coalesce((extract(epoch from statistics.stats_reset) * 1000000)::bigint::text, '')
        from pg_control_system() system, pg_control_checkpoint() last, pg_control_recovery() recovery, pg_stat_bgwriter statistics
        where not pg_is_in_recovery()
        """;

    private static readonly Version NewNames = new(13, 0);

    /// <summary>Which server and timeline this is, and since which crash; null: it may not be asked, or is a standby.</summary>
    public static async Task<string?> ServerAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        try
        {
            return await ScalarAsync(connection, null, ServerSql, stop) as string;
        }
        catch (PostgresException)
        {
            return null;
        }
    }

    /// <summary>The number of the transaction that is under way, which this gives it if it had none; null: the server reads only.</summary>
    public static async Task<string?> XidAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken stop) =>
        await ScalarAsync(
            connection,
            transaction,
            connection.PostgreSqlVersion >= NewNames
                ? "select case when not pg_is_in_recovery() then pg_current_xact_id()::text end"
                : "select case when not pg_is_in_recovery() then txid_current()::text end",
            stop) as string;

    /// <summary>Asks how a transaction ended.</summary>
    /// <param name="connection">A connection to the tenant's database.</param>
    /// <param name="xid">The number noted.</param>
    /// <param name="server">The server noted.</param>
    /// <param name="stop">Gives it up.</param>
    public static async Task<TransactionFate> OfAsync(NpgsqlConnection connection, string xid, string server, CancellationToken stop)
    {
        var now = await ServerAsync(connection, stop);
        if (now is null || UntilCrash(now) != UntilCrash(server))
            return TransactionFate.Unknown;
        var hasCrashed = now != server;
        try
        {
            await using var command = connection.CreateCommand();
            command.CommandText = connection.PostgreSqlVersion >= NewNames ? "select pg_xact_status($1::xid8)" : "select txid_status($1::bigint)";
            command.Parameters.Add(new NpgsqlParameter { Value = xid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Unknown });
            return await command.ExecuteScalarAsync(stop) switch
            {
                "aborted" => TransactionFate.Aborted,
                "committed" when !hasCrashed => TransactionFate.Committed,
                "in progress" when !hasCrashed => TransactionFate.InProgress,
                _ => TransactionFate.Unknown,
            };
        }
        catch (PostgresException inTheFuture) when (inTheFuture.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            // The same server has not come to that number (again): nothing of it had reached the disk before a crash.
            return TransactionFate.Aborted;
        }
        catch (PostgresException)
        {
            return TransactionFate.Unknown;
        }
    }

    private static string UntilCrash(string server) => server[..Math.Max(0, server.LastIndexOf('/'))];

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        return await command.ExecuteScalarAsync(stop);
    }
}
