using System.Text.Json;
using HyperConn.Events;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests.Commands;

/// <summary><c>check</c> looks for the tables that <c>run</c> works with, and prints what makes them where <c>run</c> can't.</summary>
public sealed class CheckTablesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-check-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task The_inbox_that_a_tenants_login_may_not_make_is_a_warning_and_its_DDL_is_printed_to_be_run_as_it_is()
    {
        await using var provisioner = await postgres.ProvisionAsync(2, services: ["core"]);
        var tenant = provisioner.Tenants[0];
        await AsAdminAsync(tenant, $"alter schema \"{tenant.Schema}\" owner to current_user; grant usage on schema \"{tenant.Schema}\" to \"{tenant.Login.User}\"");
        var config = await HostFiles.WriteAsync(
            _folder, provisioner, "hyperconn.services = [core]\nhyperconn-host.worker.statements.default = \"select 1\"");

        var lacking = Assert.Single((await CheckAsync(config)).GetProperty("tenants").EnumerateArray(), t => Text(t, "stage") == "inbox");
        Assert.Equal((tenant.Key.Org, "warning"), (Text(lacking, "org"), Text(lacking, "verdict")));
        var (output, _) = await RunAsync("check", "--config", config);
        Assert.Contains(InboxSql.Ddl() + ";", output, StringComparison.Ordinal);

        var ddl = Text(await CheckAsync(config), "inboxDdl");
        await AsAdminAsync(tenant, $"set search_path = \"{tenant.Schema}\"; {ddl}");
        lacking = Assert.Single((await CheckAsync(config)).GetProperty("tenants").EnumerateArray(), t => Text(t, "stage") == "inbox");
        Assert.Contains("may not select, insert, delete", Text(lacking, "message"), StringComparison.Ordinal);
        await AsAdminAsync(tenant, $"grant select, insert, delete on \"{tenant.Schema}\".{InboxSql.DefaultTable} to \"{tenant.Login.User}\"");

        var report = await CheckAsync(config);
        Assert.DoesNotContain(report.GetProperty("tenants").EnumerateArray(), t => Text(t, "stage") == "inbox");
        Assert.Null(Text(report, "inboxDdl"));
    }

    [SkippableFact]
    public async Task An_outbox_that_is_missing_and_can_t_be_made_fails_with_its_DDL_and_one_that_can_does_not()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        var tenant = provisioner.Tenants[0];
        var name = $"outbox_{Guid.NewGuid():N}"[..16];
        var config = await ConfigureAsync(provisioner, $"tenant = \"{tenant.Key}\"\ntable = {name}");
        Assert.Null(Text((await CheckAsync(config)).GetProperty("outbox"), "message"));

        config = await ConfigureAsync(provisioner, $"tenant = \"{tenant.Key}\"\ntable = {name}\ncreate-table = off");
        var (output, code) = await RunAsync("check", "--config", config);
        Assert.Equal(1, code);
        Assert.Contains(OutboxSql.Ddl(name), output, StringComparison.Ordinal);

        var outbox = (await CheckAsync(config)).GetProperty("outbox");
        await AsAdminAsync(tenant, $"set search_path = \"{tenant.Schema}\"; {Text(outbox, "ddl")}");
        Assert.Contains("may not select, update, delete", Text((await CheckAsync(config)).GetProperty("outbox"), "message"), StringComparison.Ordinal);
        await AsAdminAsync(tenant, $"grant select, update, delete on \"{tenant.Schema}\".{name} to \"{tenant.Login.User}\"");
        Assert.Null(Text((await CheckAsync(config)).GetProperty("outbox"), "message"));
    }

    [SkippableTheory]
    [InlineData("connection-string = \"Host=127.0.0.1;Port=1;Username=u;Password=canary-17;Timeout=3\"", "Its database can't be asked")]
    [InlineData("table = x", "Either ConnectionString or Tenant")]
    public async Task An_outbox_that_can_t_be_asked_about_fails_without_its_password(string outbox, string message)
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        var (output, code) = await RunAsync("check", "--config", await ConfigureAsync(provisioner, outbox));

        Assert.Equal(1, code);
        Assert.Contains(message, output, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-17", output, StringComparison.Ordinal);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static async Task<JsonElement> CheckAsync(string config)
    {
        var (output, _) = await RunAsync("check", "--config", config, "--json");
        return JsonDocument.Parse(output).RootElement;
    }

    private static async Task<(string Output, int ExitCode)> RunAsync(params string[] arguments)
    {
        await using var host = HostProcess.Start(arguments);
        var code = await host.WaitAsync();
        Assert.True(code is 0 or 1, host.Errors);
        return (host.Output, code);
    }

    private Task<string> ConfigureAsync(TenantProvisioner provisioner, string outbox) => HostFiles.WriteAsync(
        _folder,
        provisioner,
        $$"""
        hyperconn.services = [core]
        hyperconn-host.worker {
          events = outbox
          statements.default = "select 1"
        }
        hyperconn-host.outbox {
        {{outbox}}
        }
        """);

    private async Task AsAdminAsync(ProvisionedTenant tenant, string sql)
    {
        var settings = postgres.Server.Admin(tenant.Database);
        settings.Pooling = false;
        await using var source = NpgsqlDataSource.Create(settings);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
