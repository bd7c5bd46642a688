using System.Collections.Concurrent;
using System.Text.Json;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests;

[Collection(PostgresCollection.Name)]
public class TenantProvisionerTests(PostgresFixture postgres)
{
    [SkippableFact]
    public async Task Every_tenant_logs_in_with_its_own_credentials_and_lands_in_its_own_schema()
    {
        await using var provisioner = await postgres.ProvisionAsync(30, ownDatabases: 5);

        Assert.Equal(30, provisioner.Tenants.Select(tenant => tenant.Key).Distinct().Count());
        Assert.Equal(5, provisioner.Tenants.Count(tenant => tenant.OwnDatabase));
        Assert.Equal(6, provisioner.Tenants.Select(tenant => tenant.Database).Distinct().Count());
        foreach (var tenant in provisioner.Tenants)
        {
            await using var connection = await OpenAsync(tenant);
            Assert.Equal(
                $"{tenant.Login.User} {tenant.Database} {tenant.Schema}",
                await ReadAsync(connection, "select concat_ws(' ', current_user, current_database(), current_schema())"));
            await ReadAsync(connection, "insert into events (tenant, payload) values ('me', 'hello')");
            Assert.Equal(1L, await ReadAsync(connection, "select count(*) from events"));
        }
    }

    [SkippableFact]
    public async Task A_tenant_reaches_no_table_schema_or_database_of_another()
    {
        await using var provisioner = await postgres.ProvisionAsync(6, ownDatabases: 2);
        var shared = provisioner.Tenants.Where(tenant => !tenant.OwnDatabase).ToList();
        var own = provisioner.Tenants.Where(tenant => tenant.OwnDatabase).ToList();

        await using (var connection = await OpenAsync(shared[0]))
        {
            await AssertDeniedAsync(connection, $"select * from {shared[1].Schema}.events");
            await AssertDeniedAsync(connection, $"insert into {shared[1].Schema}.events (tenant, payload) values ('x', 'x')");
            await AssertDeniedAsync(connection, $"create table {shared[1].Schema}.mine (id int)");
            await AssertDeniedAsync(connection, "create table public.mine (id int)");
            await AssertDeniedAsync(connection, "create schema mine");
            await AssertDeniedAsync(connection, $"set role \"{shared[1].BaseUser}\"");
        }

        foreach (var (guest, database) in new[]
        {
            (shared[0], own[0].Database), (own[0], own[1].Database), (own[0], shared[0].Database),
        })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(guest, database));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
    }

    [SkippableFact]
    public async Task A_changed_password_lets_the_new_one_in_and_keeps_the_old_one_out()
    {
        await using var provisioner = await postgres.ProvisionAsync(2);
        var tenant = provisioner.Tenants[0];
        var old = tenant.Login;

        await provisioner.ChangePasswordAsync(tenant);

        await using (await OpenAsync(tenant))
        {
        }

        Assert.Equal(old.User, tenant.Login.User);
        await AssertWrongPasswordAsync(tenant, old);
    }

    [SkippableFact]
    public async Task Alternating_users_keeps_the_old_one_valid_and_gives_the_new_one_the_same_rights()
    {
        await using var provisioner = await postgres.ProvisionAsync(4, ownDatabases: 2);
        foreach (var tenant in provisioner.Tenants)
        {
            var first = tenant.Login;
            await using (var connection = await OpenAsync(tenant))
                await ReadAsync(connection, "insert into events (tenant, payload) values ('me', 'by the first user')");

            await provisioner.AlternateUserAsync(tenant);

            Assert.Equal(tenant.CloneUser, tenant.Login.User);
            await using (var connection = await OpenAsync(tenant))
            {
                await ReadAsync(connection, "insert into events (tenant, payload) values ('me', 'by the second user')");
                Assert.Equal(2L, await ReadAsync(connection, "select count(*) from events"));
                Assert.Equal(tenant.Schema, await ReadAsync(connection, "select current_schema()"));
            }

            await using (await OpenAsync(tenant, login: first))
            {
            }

            await provisioner.AlternateUserAsync(tenant);

            Assert.Equal(tenant.BaseUser, tenant.Login.User);
            await using (await OpenAsync(tenant))
            {
            }

            await AssertWrongPasswordAsync(tenant, first);
        }
    }

    [SkippableFact]
    public async Task Secrets_are_written_in_the_file_stores_form_for_the_owner_only()
    {
        await using var provisioner = await postgres.ProvisionAsync(5, ownDatabases: 0);
        var folder = Directory.CreateTempSubdirectory("hyperconn-test-");
        try
        {
            using var file = new SecretsFile(Path.Combine(folder.FullName, "secrets.json"), "demo", provisioner.Tenants);
            await file.WriteAsync();

            var secrets = JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string>>>(await File.ReadAllTextAsync(file.Path))!;
            Assert.Equal(["demo-tenant0001", "demo-tenant0002", "demo-tenant0003"], secrets.Keys.Order(StringComparer.Ordinal));
            foreach (var tenant in provisioner.Tenants)
                Assert.Equal(tenant.ConnectionUri, secrets[$"demo-{tenant.Key.Org}"][$"{tenant.Key.Service}-postgresql"]);
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.Path));
            Assert.Single(folder.EnumerateFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [SkippableFact]
    public async Task Nothing_is_left_on_the_server_after_dispose_even_with_sessions_open()
    {
        var provisioner = await postgres.ProvisionAsync(12, ownDatabases: 3);
        await provisioner.AlternateUserAsync(provisioner.Tenants[0]);
        await using var open = await OpenAsync(provisioner.Tenants[0]);
        await using var openToo = await OpenAsync(provisioner.Tenants.First(tenant => tenant.OwnDatabase));
        Assert.Equal(2, await provisioner.CountSessionsAsync());

        await provisioner.DisposeAsync();

        await using var admin = NpgsqlDataSource.Create(postgres.Server.Admin());
        await using var command = admin.CreateCommand(
            """
            select (select count(*) from pg_roles where starts_with(rolname, $1))
                 + (select count(*) from pg_database where starts_with(datname, $1))
                 + (select count(*) from pg_stat_activity where starts_with(usename, $1))
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = provisioner.Prefix });
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [SkippableFact]
    public async Task Passwords_are_shown_by_nothing_that_is_printed()
    {
        await using var provisioner = await postgres.ProvisionAsync(2);
        var tenant = provisioner.Tenants[0];
        var texts = new ConcurrentBag<string> { tenant.ToString(), tenant.Login.ToString(), postgres.Server.ToString() };
        Assert.All(texts, text => Assert.DoesNotContain(tenant.Login.Password, text, StringComparison.Ordinal));
    }

    private static async Task<NpgsqlConnection> OpenAsync(ProvisionedTenant tenant, string? database = null, TenantLogin? login = null)
    {
        var target = new Uri(tenant.ConnectionUri);
        login ??= tenant.Login;
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = target.Host,
            Port = target.Port,
            Username = login.User,
            Password = login.Password,
            Database = database ?? tenant.Database,
            Pooling = false,
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
        }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<object?> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static async Task AssertDeniedAsync(NpgsqlConnection connection, string sql)
    {
        var denied = await Assert.ThrowsAsync<PostgresException>(() => ReadAsync(connection, sql));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, denied.SqlState);
    }

    private static async Task AssertWrongPasswordAsync(ProvisionedTenant tenant, TenantLogin login)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(tenant, login: login));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }
}
