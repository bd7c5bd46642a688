using HyperConn.Host.Workers;
using Npgsql;

namespace HyperConn.Host.Demo;

/// <summary>Writes one row and compares what the server says of the session with the tenant it was opened for.</summary>
internal sealed class DemoEventHandler(IEnumerable<ProvisionedTenant> tenants) : ITenantEventHandler
{
    private const string Sql =
        """
        insert into events (tenant, payload) values (@tenant, @payload)
        returning current_user::text, current_database()::text, current_schema()::text
        """;

    private readonly Dictionary<TenantKey, ProvisionedTenant> _tenants = tenants.ToDictionary(tenant => tenant.Key);

    public async Task<EventOutcome> HandleAsync(TenantDataSource tenant, TenantEvent work)
    {
        await using var connection = await tenant.OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = Sql;
        command.Parameters.Add(new NpgsqlParameter<string>("tenant", work.Tenant.ToString()));
        command.Parameters.Add(new NpgsqlParameter<string>("payload", work.Data));
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var (user, database, schema) = (reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
        return _tenants[work.Tenant].Owns(user, database, schema)
            ? EventOutcome.Done
            : new EventOutcome(EventResult.WrongTenant, "WrongTenant", $"an event of {work.Tenant} ran as {user} in {database}, {schema}");
    }
}
