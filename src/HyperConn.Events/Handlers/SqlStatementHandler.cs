using Npgsql;
using NpgsqlTypes;

namespace HyperConn.Events;

/// <summary>A handler that is one command: it travels with the inbox row, in one round trip that is one transaction.</summary>
internal interface IOneCommandHandler : ITenantEventHandler
{
    /// <summary>Text of the command; its parameters, which don't begin with <c>hyperconn_</c>, are added.</summary>
    string Command(TenantEvent work, NpgsqlParameterCollection parameters);
}

/// <summary>
/// Runs one SQL statement per event, chosen by the event's type, with the parameters <c>@service</c>, <c>@org</c>, <c>@type</c>,
/// <c>@id</c> (text) and <c>@data</c> (jsonb). An event brings data, never SQL. Several statements with semicolons between them are one
/// transaction.
/// </summary>
/// <param name="statements">SQL by type of event; <c>default</c> for any other type.</param>
public sealed class SqlStatementHandler(IReadOnlyDictionary<string, string> statements) : IOneCommandHandler
{
    /// <inheritdoc/>
    public async Task HandleAsync(TenantEventContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await using var command = context.CreateCommand("");
        command.CommandText = ((IOneCommandHandler)this).Command(context.Event, command.Parameters);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    string IOneCommandHandler.Command(TenantEvent work, NpgsqlParameterCollection parameters)
    {
        if (!statements.TryGetValue(work.Type, out var sql) && !statements.TryGetValue(TenantEvent.DefaultType, out sql))
            throw new EventRejectedException("NoStatement", "No statement is configured for this type of event, and no default one.");
        Add("service", work.Tenant.Service, NpgsqlDbType.Text);
        Add("org", work.Tenant.Org, NpgsqlDbType.Text);
        Add("type", work.Type, NpgsqlDbType.Text);
        Add("id", work.Id, NpgsqlDbType.Text);
        Add("data", work.Data, NpgsqlDbType.Jsonb);
        return sql;

        void Add(string name, string value, NpgsqlDbType type) => parameters.Add(new NpgsqlParameter<string>(name, type) { TypedValue = value });
    }
}
