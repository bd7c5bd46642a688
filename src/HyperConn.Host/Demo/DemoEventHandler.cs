using HyperConn.Events;
using Npgsql;

namespace HyperConn.Host.Demo;

/// <summary>Writes one row and compares what the server says of the session with the tenant it was opened for.</summary>
internal sealed class DemoEventHandler(IEnumerable<ProvisionedTenant> tenants, TimeSpan workTime = default) : ITenantEventHandler
{
    /// <summary>Code of an event that ran as somebody else. Must never happen.</summary>
    public const string WrongTenant = "WrongTenant";

    private const string Sql =
        """
        insert into events (tenant, payload) values (@tenant, @payload)
        returning current_user::text, current_database()::text, current_schema()::text
        """;

    private readonly Dictionary<TenantKey, ProvisionedTenant> _tenants = tenants.ToDictionary(tenant => tenant.Key);

    public async Task HandleAsync(TenantEventContext context, CancellationToken cancellationToken)
    {
        var work = context.Event;
        await using var command = context.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<string>("tenant", work.Tenant.ToString()));
        command.Parameters.Add(new NpgsqlParameter<string>("payload", work.Data));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (user, database, schema) = (reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
        if (!_tenants[work.Tenant].Owns(user, database, schema))
            throw new EventRejectedException(WrongTenant, $"an event of {work.Tenant} ran as {user} in {database}, {schema}");
        if (workTime > TimeSpan.Zero)
            await Task.Delay(workTime, cancellationToken);
    }
}
