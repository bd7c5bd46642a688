using System.Data.Common;
using Npgsql;
using NpgsqlTypes;

namespace HyperConn.Host.Workers;

/// <summary>
/// Runs one SQL statement per event, chosen by the event's type, with the parameters <c>@service</c>, <c>@org</c>, <c>@type</c>,
/// <c>@id</c> (text) and <c>@data</c> (jsonb). An event brings data, never SQL.
/// </summary>
internal sealed class StatementEventHandler(IReadOnlyDictionary<string, string> statements) : ITenantEventHandler
{
    public async Task<EventOutcome> HandleAsync(TenantDataSource tenant, TenantEvent work)
    {
        if (!statements.TryGetValue(work.Type, out var sql) && !statements.TryGetValue(EventLine.DefaultType, out sql))
            return new EventOutcome(EventResult.Failed, "NoStatement", "No statement is configured for this type of event, and no default one.");
        await using var connection = await tenant.OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Add(command, "service", work.Tenant.Service, NpgsqlDbType.Text);
        Add(command, "org", work.Tenant.Org, NpgsqlDbType.Text);
        Add(command, "type", work.Type, NpgsqlDbType.Text);
        Add(command, "id", work.Id, NpgsqlDbType.Text);
        Add(command, "data", work.Data, NpgsqlDbType.Jsonb);
        await command.ExecuteNonQueryAsync();
        return EventOutcome.Done;
    }

    private static void Add(DbCommand command, string name, string? value, NpgsqlDbType type) =>
        command.Parameters.Add(new NpgsqlParameter(name, type) { Value = (object?)value ?? DBNull.Value });
}
