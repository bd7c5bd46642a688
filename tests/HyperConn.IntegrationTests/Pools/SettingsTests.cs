using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class SettingsTests(RoomyServer server)
{
    [SkippableTheory]
    [InlineData("plain")]
    [InlineData("With Spaces, and commas")]
    [InlineData("quo\"ted")]
    [InlineData("back\\slash'es")]
    [InlineData("ünïcode")]
    public async Task A_schema_by_template_or_by_exception_is_the_tenants_whatever_its_name(string name)
    {
        var tenant = server.Tenants.First(t => t.OwnDatabase);
        var schema = $"{name}_{tenant.Key.Org}";
        var quoted = $"\"{schema.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        await AdminAsync(tenant.Database, $"create schema {quoted} authorization \"{tenant.BaseUser}\"");
        await using (var templated = await server.StartAsync(o => o.Schemas.Template = $"{name}_{{org}}"))
            Assert.Equal(schema, await SchemaAsync(templated, tenant.Key));
        await using (var mapped = await server.StartAsync(o =>
        {
            o.Schemas.Template = "nowhere";
            o.Schemas.ByOrg[tenant.Key.Org] = schema;
        }))
        {
            Assert.Equal(schema, await SchemaAsync(mapped, tenant.Key));
        }

        await AdminAsync(tenant.Database, $"drop schema {quoted}");
    }

    [SkippableFact]
    public async Task Time_limits_are_the_settings_unless_the_tenants_credentials_say_otherwise()
    {
        var (plain, own) = (server.Tenants[0], server.Tenants[1]);
        var secrets = server.Secrets().Put(own.Key, new NpgsqlConnectionStringBuilder
        {
            Host = server.Server.Host,
            Port = server.Server.Port,
            Username = own.Login.User,
            Password = own.Login.Password,
            Database = own.Database,
            Timeout = 9,
            CommandTimeout = 99,
        }.ConnectionString);
        await using var host = await PoolsHost.StartAsync(secrets, o =>
        {
            o.Connections.ConnectTimeout = TimeSpan.FromSeconds(3);
            o.Connections.CommandTimeout = TimeSpan.FromSeconds(33);
        });

        Assert.Equal((3, 33), await TimeoutsAsync(host, plain.Key));
        Assert.Equal((9, 99), await TimeoutsAsync(host, own.Key));

        static async Task<(int Connect, int Command)> TimeoutsAsync(PoolsHost host, TenantKey tenant)
        {
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            await using var command = connection.CreateCommand();
            return (connection.ConnectionTimeout, command.CommandTimeout);
        }
    }

    [SkippableFact]
    public async Task A_search_path_set_by_one_caller_is_gone_for_the_next()
    {
        await using var host = await server.StartAsync(o => o.Connections.MaxPerTenant = 1);
        var tenant = server.Tenants[0].Key;
        await using (var connection = await host.Pools.OpenConnectionAsync(tenant))
        {
            await using var command = new NpgsqlCommand("set search_path = pg_catalog", connection);
            await command.ExecuteNonQueryAsync();
        }

        await using var next = await host.Pools.OpenConnectionAsync(tenant);
        await server.Oracle.AssertOwnedAsync(next, tenant);
    }

    [SkippableFact]
    public async Task The_hook_sees_every_tenants_builder_and_may_not_redirect_it()
    {
        var seen = new List<TenantKey>();
        var (first, second) = (server.Tenants[0].Key, server.Tenants[1].Key);
        await using var host = await server.StartAsync(o => o.Connections.ConfigureDataSource = (tenant, builder) =>
        {
            seen.Add(tenant);
            builder.ConnectionStringBuilder.CommandTimeout = 77;
            if (tenant == second)
                builder.ConnectionStringBuilder.Database = "postgres";
        });

        await using (var connection = await host.Pools.OpenConnectionAsync(first))
        {
            await using var command = connection.CreateCommand();
            Assert.Equal(77, command.CommandTimeout);
        }

        var refused = await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(second).AsTask());
        Assert.Equal(HyperConnErrorCode.SecretMalformed, refused.Code);
        Assert.Equal([first, second], seen);
    }

    private static async Task<string?> SchemaAsync(PoolsHost host, TenantKey tenant)
    {
        await using var command = (await host.Pools.GetDataSourceAsync(tenant)).CreateCommand("select current_schema()::text");
        return (string?)await command.ExecuteScalarAsync();
    }

    private async Task AdminAsync(string database, string sql)
    {
        var settings = server.Server.Admin(database);
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
