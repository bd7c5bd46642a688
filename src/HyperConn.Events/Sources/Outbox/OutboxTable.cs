using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace HyperConn.Events.Sources;

/// <summary>A row as it was claimed.</summary>
internal sealed record OutboxRow(
    long Id, string Service, string Org, string Type, string EventId, string Data, DateTime CreatedAt, int Attempts);

/// <summary>A row that is done with.</summary>
internal sealed record OutboxEnd(OutboxDelivery Delivery, EventOutcome Outcome);

/// <summary>A row that goes back.</summary>
/// <param name="Delivery">The row.</param>
/// <param name="Seconds">How long everybody leaves it alone.</param>
/// <param name="Untried">Whether its event was not even begun: then the claim was no attempt.</param>
internal readonly record struct OutboxReturn(OutboxDelivery Delivery, int Seconds, bool Untried);

/// <summary>The statements on the outbox table. Each takes a connection for itself and has a time-out; faults are the caller's.</summary>
/// <param name="open">Opens a connection.</param>
/// <param name="options">Settings.</param>
internal sealed class OutboxTable(Func<CancellationToken, ValueTask<NpgsqlConnection>> open, OutboxOptions options)
{
    // Distinguishes our advisory locks from those of others: "HCob".
    private const int LockSpace = 0x48436f62;
    private const int MostCounted = 100_000;
    private const int MostSweptAtOnce = 1_000;
    private const int FormerSelves = 8;

    private readonly string _table = InboxSql.Quote(options.Table);

    // Who has claimed for us; the last is who claims now.
    private volatile Guid[] _us = [Guid.NewGuid()];
    private bool _isRenewing;

    /// <summary>Makes the table where it is missing.</summary>
    public async Task CreateIfMissingAsync(CancellationToken ct)
    {
        await using var connection = await open(ct).ConfigureAwait(false);
        await using (var exists = Command(connection, "select to_regclass($1) is not null", Text(_table)))
            if (await exists.ExecuteScalarAsync(ct).ConfigureAwait(false) is true)
                return;
        if (!options.CreateTable)
            throw Missing("CreateTable is off");
        await using var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
        // Two hosts that start together would both try.
        await using (var gate = Command(connection, "select pg_advisory_xact_lock($1, $2)", Int(LockSpace), Int(0)))
            await gate.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        await using (var create = Command(connection, OutboxSql.Ddl(options.Table)))
        {
            try
            {
                await create.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            }
            catch (PostgresException e) when (
                e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSchemaName)
            {
                throw Missing($"this login may not make it: {e.SqlState}: {e.MessageText}");
            }
        }

        await transaction.CommitAsync(ct).ConfigureAwait(false);
    }

    private HyperConnException Missing(string why) => new(new HyperConnFailure(
        HyperConnErrorCode.NotConfigured,
        $"There is no outbox table {options.Table} ({why}). Its DDL, to be run once:\n{OutboxSql.Ddl(options.Table)}"));

    /// <summary>Claims the next rows, in order of their ids.</summary>
    public async Task<IReadOnlyList<OutboxRow>> ClaimAsync(CancellationToken ct)
    {
        await using var connection = await open(ct).ConfigureAwait(false);
        await using var batch = connection.CreateBatch();
        batch.Timeout = Seconds;
        // What is sent together is one transaction. Claims in order are made one after the other: the second must see the first.
        if (options.Ordered)
            Add(batch, Gate(options.Table));
        Add(
            batch,
            options.Ordered ? ClaimInOrder : Claim,
            new NpgsqlParameter<Guid> { TypedValue = _us[^1] },
            new NpgsqlParameter<TimeSpan> { TypedValue = options.Lease },
            Int(options.BatchSize));
        var rows = new List<OutboxRow>();
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        if (options.Ordered)
            await reader.NextResultAsync(ct).ConfigureAwait(false);
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            rows.Add(new OutboxRow(
                reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                reader.GetDateTime(6), reader.GetInt32(7)));
        }

        rows.Sort((a, b) => a.Id.CompareTo(b.Id));
        return rows;
    }

    /// <summary>
    /// Frees what was claimed by us and isn't known, after the answer to a claim got lost. That claim may be carried out even later than
    /// this, so from here on we claim as somebody else: its rows are then another's to us, too, and their tenants' later ones wait until its
    /// lease is over.
    /// </summary>
    /// <param name="known">Tells the rows that are known.</param>
    /// <param name="ct">Gives it up; then it is to be called again before the next claim.</param>
    public async Task FreeUnknownAsync(Func<long[]> known, CancellationToken ct)
    {
        if (!_isRenewing)
            _us = [.. _us.TakeLast(FormerSelves), Guid.NewGuid()];
        _isRenewing = true;
        await ExecuteAsync(
            $"""
            update {_table} set claimed_by = case when id = any ($2) then $3 end,
                claimed_until = case when id = any ($2) then claimed_until end,
                attempts = case when id = any ($2) then attempts else attempts - 1 end
            where ended_at is null and claimed_until is not null and claimed_by = any ($1)
            """,
            ct,
            Us(_us[..^1]),
            Ids(known()),
            new NpgsqlParameter<Guid> { TypedValue = _us[^1] }).ConfigureAwait(false);
        _isRenewing = false;
    }

    /// <summary>Prolongs leases.</summary>
    /// <returns>The rows that are still ours.</returns>
    public async Task<IReadOnlySet<long>> ExtendAsync(long[] ids, CancellationToken ct)
    {
        await using var connection = await open(ct).ConfigureAwait(false);
        await using var command = Command(
            connection,
            $"""
            update {_table} set claimed_until = statement_timestamp() + $3
            where id = any ($2) and claimed_by = any ($1) and ended_at is null returning id
            """,
            Us(_us),
            Ids(ids),
            new NpgsqlParameter<TimeSpan> { TypedValue = options.Lease });
        var ours = new HashSet<long>();
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
            ours.Add(reader.GetInt64(0));
        return ours;
    }

    /// <summary>Ends rows for good, whoever has claimed them by now: what was committed is committed.</summary>
    public async Task EndAsync(IReadOnlyList<OutboxEnd> ends, CancellationToken ct)
    {
        await using var connection = await open(ct).ConfigureAwait(false);
        await using var batch = connection.CreateBatch();
        batch.Timeout = Seconds;
        var deleted = ends.Where(end => Keep(end) == TimeSpan.Zero).Select(end => end.Delivery.RowId).ToArray();
        if (deleted.Length > 0)
            Add(batch, $"delete from {_table} where id = any ($1)", Ids(deleted));
        var kept = ends.Where(end => Keep(end) > TimeSpan.Zero).ToList();
        if (kept.Count > 0)
        {
            Add(
                batch,
                $"""
                update {_table} t set ended_at = statement_timestamp(), claimed_by = null, claimed_until = null,
                    result = e.result, code = e.code, message = e.message, attempts = greatest(t.attempts, e.attempts)
                from unnest($1, $2, $3, $4, $5) as e (id, result, code, message, attempts) where t.id = e.id and t.ended_at is null
                """,
                Ids([.. kept.Select(end => end.Delivery.RowId)]),
                Texts(kept.Select(end => end.Outcome.Result.ToString().ToLowerInvariant())),
                Texts(kept.Select(end => end.Outcome.Code)),
                Texts(kept.Select(end => end.Outcome.Message)),
                new NpgsqlParameter<int[]> { TypedValue = [.. kept.Select(end => end.Outcome.Attempts)] });
        }

        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Gives rows back that are still ours.</summary>
    public Task ReturnAsync(IReadOnlyList<OutboxReturn> rows, CancellationToken ct) => ExecuteAsync(
        $"""
        update {_table} t set claimed_by = null, attempts = t.attempts - r.untried,
            claimed_until = case when r.seconds > 0 then statement_timestamp() + r.seconds * interval '1 second' end
        from unnest($2, $3, $4) as r (id, seconds, untried) where t.id = r.id and t.claimed_by = any ($1) and t.ended_at is null
        """,
        ct,
        Us(_us),
        Ids([.. rows.Select(row => row.Delivery.RowId)]),
        new NpgsqlParameter<int[]> { TypedValue = [.. rows.Select(row => row.Seconds)] },
        new NpgsqlParameter<int[]> { TypedValue = [.. rows.Select(row => row.Untried ? 1 : 0)] });

    /// <summary>How many rows wait, counted to 100,000, and since when the first.</summary>
    public async Task<(long Waiting, DateTimeOffset? OldestAt)> CountAsync(CancellationToken ct)
    {
        await using var connection = await open(ct).ConfigureAwait(false);
        const string Waits = "ended_at is null and (claimed_until is null or claimed_until <= statement_timestamp())";
        await using var command = Command(
            connection,
            $"""
            select (select count(*) from (select from {_table} where {Waits} limit {MostCounted}) w),
                (select created_at from {_table} where {Waits} order by id limit 1)
            """);
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        await reader.ReadAsync(ct).ConfigureAwait(false);
        var nothing = await reader.IsDBNullAsync(1, ct).ConfigureAwait(false);
        return (reader.GetInt64(0), nothing ? null : new DateTimeOffset(reader.GetDateTime(1)));
    }

    /// <summary>Deletes some of the ended rows that are old enough.</summary>
    /// <returns>How many; as many as asked for: there may be more.</returns>
    public async Task<bool> SweepAsync(CancellationToken ct) => await ExecuteAsync(
        $"""
        delete from {_table} where id in (
            select id from {_table}
            where ended_at is not null and ended_at < statement_timestamp() - case result when 'rejected' then $1 else $2 end
            order by ended_at limit {MostSweptAtOnce} for update skip locked)
        """,
        ct,
        new NpgsqlParameter<TimeSpan> { TypedValue = options.KeepRejected },
        new NpgsqlParameter<TimeSpan> { TypedValue = options.KeepHandled }).ConfigureAwait(false) == MostSweptAtOnce;

    /// <summary>What claims in order take first.</summary>
    internal static string Gate(string table) => $"select pg_advisory_xact_lock({LockSpace}, '{InboxSql.Quote(table)}'::regclass::oid::int)";

    private string Claim =>
        $"""
        update {_table} t set claimed_by = $1, claimed_until = statement_timestamp() + $2, attempts = t.attempts + 1
        from (
            select id from {_table} where ended_at is null and (claimed_until is null or claimed_until <= statement_timestamp())
            order by id limit $3 for update skip locked) f
        where t.id = f.id
        returning {Columns}
        """;

    // Tenants with a row in somebody else's hands, or on its way back, are left alone. Of the others, those rows are taken that stand
    // before the first one that is locked by anybody: a row that is skipped must not be overtaken.
    private string ClaimInOrder =>
        $"""
        with busy as materialized (
            select distinct service, org from {_table}
            where ended_at is null and claimed_until > statement_timestamp() and claimed_by is distinct from $1),
        next as materialized (
            select id, service, org from {_table} o
            where ended_at is null and (claimed_until is null or claimed_until <= statement_timestamp())
                and not exists (select from busy b where b.service = o.service and b.org = o.org)
            order by id limit $3),
        locked as materialized (
            select id from {_table}
            where id in (select id from next) and ended_at is null and (claimed_until is null or claimed_until <= statement_timestamp())
            for update skip locked),
        free as (
            select n.id, min(n.id) filter (where l.id is null) over (partition by n.service, n.org) as hole
            from next n left join locked l on l.id = n.id)
        update {_table} t set claimed_by = $1, claimed_until = statement_timestamp() + $2, attempts = t.attempts + 1
        from free f where t.id = f.id and (f.hole is null or f.id < f.hole)
        returning {Columns}
        """;

    private static string Columns => "t.id, t.service, t.org, t.type, t.event_id, t.data::text, t.created_at, t.attempts";

    private int Seconds => Math.Max(1, (int)Math.Ceiling(options.Timeout.TotalSeconds));

    private TimeSpan Keep(OutboxEnd end) => end.Outcome.Result == EventResult.Rejected ? options.KeepRejected : options.KeepHandled;

    private async Task<int> ExecuteAsync(string sql, CancellationToken ct, params NpgsqlParameter[] parameters)
    {
        await using var connection = await open(ct).ConfigureAwait(false);
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private NpgsqlCommand Command(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Seconds };
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    private static void Add(NpgsqlBatch batch, string sql, params NpgsqlParameter[] parameters)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<Guid[]> Us(Guid[] us) => new() { TypedValue = us };

    private static NpgsqlParameter<long[]> Ids(long[] ids) => new() { TypedValue = ids };

    private static NpgsqlParameter<int> Int(int number) => new() { TypedValue = number };

    private static NpgsqlParameter<string> Text(string text) => new() { TypedValue = text };

    // What PostgreSQL's text can't hold must not keep the row from ending.
    private static NpgsqlParameter Texts(IEnumerable<string?> texts) => new()
    {
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        Value = texts.Select(text => text is null ? null : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Replace('\0', ' ')))).ToArray(),
    };
}
