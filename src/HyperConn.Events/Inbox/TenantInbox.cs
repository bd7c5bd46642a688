using Npgsql;
using NpgsqlTypes;

namespace HyperConn.Events;

/// <summary>
/// Notes ids of events in the tenants' own databases. The tenant is part of the key, too: services of one organisation may share a schema.
/// </summary>
/// <param name="table">Name of the table.</param>
/// <param name="scope">What makes ids unlike those of other sources.</param>
/// <param name="used">Where tenants with rows are noted; inboxes of several scopes may share it.</param>
internal sealed class TenantInbox(string table, string scope, InboxTenants? used = null)
{
    private const int CleanedAtOnce = 1_000;

    private readonly string _insert =
        $"insert into {InboxSql.Quote(table)} (id, scope, service, org) values (@hyperconn_id, @hyperconn_scope, @hyperconn_service, @hyperconn_org)";

    private readonly InboxTenants _used = used ?? new();

    /// <summary>What makes its ids unlike those of other sources.</summary>
    public string Scope => scope;

    /// <summary>Tenants with rows since they were last taken, which ends with this call.</summary>
    public IReadOnlyList<TenantKey> TakeUsed() => _used.TakeAll();

    /// <summary>Notes an event.</summary>
    /// <returns>False: it was noted before.</returns>
    public async Task<bool> TryEnterAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantEvent work, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand { Connection = connection, Transaction = transaction };
        command.CommandText = Enter(work, command.Parameters) + " on conflict do nothing";
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1;
    }

    /// <summary>The statement that notes an event, or fails so that <see cref="IsDuplicate"/> knows it.</summary>
    public string Enter(TenantEvent work, NpgsqlParameterCollection parameters)
    {
        _used.Add(work.Tenant);
        Add("hyperconn_id", work.Id);
        Add("hyperconn_scope", scope);
        Add("hyperconn_service", work.Tenant.Service);
        Add("hyperconn_org", work.Tenant.Org);
        return _insert;

        void Add(string name, string value) => parameters.Add(new NpgsqlParameter<string>(name, NpgsqlDbType.Text) { TypedValue = value });
    }

    /// <summary>Whether a statement failed because the event had been noted before.</summary>
    public bool IsDuplicate(PostgresException error) =>
        error.SqlState == PostgresErrorCodes.UniqueViolation
        && string.Equals(error.TableName, table[(table.IndexOf('.', StringComparison.Ordinal) + 1)..], StringComparison.Ordinal);

    /// <summary>Makes the table where there is none; another worker may do so at the same moment.</summary>
    /// <exception cref="EventRejectedException">The login may not make it.</exception>
    public async Task CreateIfMissingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await ExistsAsync(connection, table, cancellationToken).ConfigureAwait(false))
            return;
        await using var command = new NpgsqlCommand(InboxSql.Ddl(table), connection);
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState
            is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DuplicateObject)
        {
            // Somebody else made it at the same moment: "if not exists" looks before it locks.
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSchemaName)
        {
            throw new EventRejectedException(
                "InboxMissing",
                $"There is no table {table} for the ids of events, and the tenant's login may not make it ({e.SqlState}: {e.MessageText}). "
                + "'hyperconn check' prints its DDL.",
                e);
        }
    }

    /// <summary>Whether a table can be seen.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select to_regclass($1) is not null", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = InboxSql.Quote(table) });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Removes some ids noted longer ago than the retention.</summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> CleanAsync(NpgsqlConnection connection, TimeSpan retention, CancellationToken cancellationToken)
    {
        var name = InboxSql.Quote(table);
        await using var command = new NpgsqlCommand(
            $"delete from {name} where ctid = any(array(select ctid from {name} where handled_at < now() - $1 limit {CleanedAtOnce}))", connection);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = retention });
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == CleanedAtOnce;
    }
}
