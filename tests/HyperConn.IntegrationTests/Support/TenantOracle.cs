using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests.Support;

/// <summary>Knows which connection belongs to whom: each tenant's table has one row that nobody else's has.</summary>
internal sealed class TenantOracle(IReadOnlyDictionary<TenantKey, ProvisionedTenant> tenants)
{
    private const string Question =
        "select current_user::text, current_database()::text, current_schema()::text, (select string_agg(tenant, ',') from events where payload = 'marker')";

    public ProvisionedTenant Of(TenantKey tenant) => tenants[tenant];

    /// <summary>Marks the tenants' tables.</summary>
    public static async Task<TenantOracle> MarkAsync(TenantProvisioner provisioner, PostgresServer server)
    {
        foreach (var database in provisioner.Tenants.GroupBy(tenant => tenant.Database))
        {
            var settings = server.Admin(database.Key);
            settings.Pooling = false;
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            await connection.OpenAsync();
            var marks = database.Select(tenant => $"insert into \"{tenant.Schema}\".events (tenant, payload) values ('{tenant.Key}', 'marker');");
            await using var command = new NpgsqlCommand(string.Concat(marks), connection);
            await command.ExecuteNonQueryAsync();
        }

        return new TenantOracle(provisioner.Tenants.ToDictionary(tenant => tenant.Key));
    }

    /// <summary>Asks the connection whose it is.</summary>
    public async Task AssertOwnedAsync(NpgsqlConnection connection, TenantKey tenant)
    {
        await using var command = new NpgsqlCommand(Question, connection);
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        var expected = tenants[tenant];
        var found = (reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3));
        Assert.Equal((expected.Login.User, expected.Database, expected.Schema, tenant.ToString()), found);
    }
}
