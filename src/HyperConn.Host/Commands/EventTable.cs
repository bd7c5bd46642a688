using HyperConn.Events;
using Npgsql;

namespace HyperConn.Host.Commands;

/// <summary>A table that <c>run</c> works with, as <c>check</c> looks for it.</summary>
/// <param name="Name">Its name, <c>name</c> or <c>schema.name</c>.</param>
/// <param name="Ddl">What makes it.</param>
/// <param name="Privileges">What the login needs on it.</param>
/// <param name="IsMade">Whether <c>run</c> makes it where the login may.</param>
internal sealed record EventTable(string Name, string Ddl, IReadOnlyList<string> Privileges, bool IsMade)
{
    /// <summary>The table of ids in a tenant's database.</summary>
    public static EventTable Inbox(string name) => new(name, InboxSql.Ddl(name) + ";", ["select", "insert", "delete"], IsMade: true);

    /// <summary>The table that events come from.</summary>
    public static EventTable Outbox(OutboxOptions options) =>
        new(options.Table, OutboxSql.Ddl(options.Table), ["select", "update", "delete"], options.CreateTable);

    /// <summary>Looks for it.</summary>
    /// <returns>What is wrong, and whether its DDL mends that; null: it is there and may be used, or will be made.</returns>
    public async Task<(string Message, bool IsMissing)?> LookAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        var schema = Name.Contains('.', StringComparison.Ordinal) ? InboxSql.Quote(Name[..Name.IndexOf('.', StringComparison.Ordinal)]) : null;
        await using var command = new NpgsqlCommand(
            """
            select to_regclass($1) is not null,
                coalesce(has_schema_privilege(
                    (case when $2 is null then to_regnamespace(quote_ident(current_schema())) else to_regnamespace($2) end)::oid, 'create'), false),
                coalesce((select string_agg(p, ', ') from unnest($3) p where not has_table_privilege(to_regclass($1)::oid, p)), '')
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = InboxSql.Quote(Name) });
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text, Value = (object?)schema ?? DBNull.Value });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. Privileges] });
        await using var reader = await command.ExecuteReaderAsync(stop);
        await reader.ReadAsync(stop);
        if (!reader.GetBoolean(0))
        {
            return IsMade && reader.GetBoolean(1) ? null
                : ($"There is no table {Name}, and {(IsMade ? "the login may not make it" : "create-table is off")}.", true);
        }

        return reader.GetString(2) is { Length: > 0 } lacking ? ($"The login may not {lacking} on table {Name}.", false) : null;
    }

    /// <summary>How to mend what is wrong with it.</summary>
    public string Advice(bool isMissing) =>
        $"{(isMissing ? "Run its DDL once, which is printed with this, and grant" : "Grant")} {string.Join(", ", Privileges)} on it to the login.";
}
