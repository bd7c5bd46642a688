using System.Text.Json;
using HyperConn.EntityFrameworkCore;
using HyperConn.Host.Commands;
using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests;

/// <summary><c>hyperconn migrate</c> as a process, on the sample's migrations, and the sample on what it made.</summary>
public sealed class MigrateCommandTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private const string Probe = "select to_regclass('\"Products\"')::text";

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-migrate-test-").FullName;

    private string Report => Path.Combine(_folder, "report.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task A_broken_tenant_is_in_the_report_and_resume_mends_it_and_then_every_shop_sells_its_own()
    {
        await using var provisioner = await postgres.ProvisionAsync(5, services: ["core"]);
        var config = await ConfigureAsync(provisioner);
        var broken = provisioner.Tenants[3];
        await AsAdminAsync(broken, $"alter role \"{broken.BaseUser}\" nologin");

        var first = await RunAsync("migrate", "--config", config, "--assembly", WebShopProcess.Assembly, "--report", Report, "--json");

        Assert.True(first.ExitCode == 1, first.Errors);
        Assert.Equal((4, 1), (first.Json.GetProperty("migrated").GetInt32(), first.Json.GetProperty("failed").GetInt32()));
        var failed = Assert.Single(first.Json.GetProperty("tenants").EnumerateArray(), t => t.GetProperty("status").GetString() == "failed");
        Assert.Equal((broken.Key.Org, "LoginRefused"), (failed.GetProperty("org").GetString(), failed.GetProperty("code").GetString()));

        await AsAdminAsync(broken, $"alter role \"{broken.BaseUser}\" login");
        var second = await RunAsync("migrate", "--config", config, "--assembly", WebShopProcess.Assembly, "--resume", Report, "--json");
        Assert.True(second.ExitCode == 0, second.Errors);
        Assert.Equal((5, 0), (second.Json.GetProperty("migrated").GetInt32(), second.Json.GetProperty("failed").GetInt32()));
        var third = await RunAsync("migrate", "--config", config, "--assembly", WebShopProcess.Assembly);
        Assert.True(third.ExitCode == 0, third.Errors);
        Assert.Contains("0 migrated, 5 up to date, 0 failed", third.Output, StringComparison.Ordinal);

        await using var shop = await WebShopProcess.StartAsync(Path.Combine(_folder, "secrets.json"));
        foreach (var tenant in provisioner.Tenants)
        {
            var made = await shop.AskAsync(tenant.Key.Org, "/products", $$"""{"name": "<b>{{tenant.Key.Org}}</b>", "price": 12.5}""");
            Assert.True(made.Status == 201, made.Body);
            Assert.Equal(204, (await shop.AskAsync(tenant.Key.Org, "/products/1/orders?pieces=2", "")).Status);
        }

        foreach (var tenant in provisioner.Tenants)
        {
            var (status, page) = await shop.AskAsync(tenant.Key.Org, "/");
            Assert.Equal(200, status);
            Assert.Contains($"<dd>{tenant.Login.User}</dd>", page, StringComparison.Ordinal);
            Assert.Contains($"&lt;b&gt;{tenant.Key.Org}&lt;/b&gt;", page, StringComparison.Ordinal);
            using var orders = JsonDocument.Parse((await shop.AskAsync(tenant.Key.Org, "/orders")).Body);
            var order = Assert.Single(orders.RootElement.EnumerateArray());
            Assert.Equal(($"<b>{tenant.Key.Org}</b>", 25m), (order.GetProperty("name").GetString(), order.GetProperty("amount").GetDecimal()));
        }

        Assert.Equal(404, (await shop.AskAsync("nobody", "/products")).Status);
        Assert.Equal(0, await shop.StopAsync());
    }

    [SkippableFact]
    public async Task A_dry_run_writes_a_script_a_tenant_and_nothing_else()
    {
        await using var provisioner = await postgres.ProvisionAsync(2, services: ["core"]);
        var config = await ConfigureAsync(provisioner);
        var scripts = Path.Combine(_folder, "scripts");

        var run = await RunAsync("migrate", "--config", config, "--assembly", WebShopProcess.Assembly, "--dry-run", "--output", scripts);

        Assert.True(run.ExitCode == 0, run.Errors);
        foreach (var tenant in provisioner.Tenants)
        {
            Assert.Null(await AsTenantAsync(tenant, Probe));
            await AsTenantAsync(tenant, await File.ReadAllTextAsync(Path.Combine(scripts, "core", tenant.Key.Org + ".sql")));
            Assert.Equal("\"Products\"", await AsTenantAsync(tenant, Probe));
        }

        var after = await RunAsync("migrate", "--config", config, "--assembly", WebShopProcess.Assembly);
        Assert.Contains("0 migrated, 2 up to date, 0 failed", after.Output, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("has no context 'Nothing'. It has: WebShop.ShopContext.", "--context", "Nothing")]
    [InlineData("The migration 'Nothing' was not found.", "--target", "Nothing")]
    [InlineData("--output is for the scripts of --dry-run.", "--output", "somewhere")]
    [InlineData("There is no report 'nowhere.json'.", "--resume", "nowhere.json")]
    [InlineData("give 1s to 1d", "--timeout", "10ms")]
    public async Task What_is_wrong_is_said_in_a_line_before_anything_is_done(string line, params string[] arguments)
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);

        var run = await RunAsync(["migrate", "--config", await ConfigureAsync(provisioner), "--assembly", WebShopProcess.Assembly, .. arguments]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(line, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.Null(await AsTenantAsync(provisioner.Tenants[0], Probe));
    }

    [Fact]
    public async Task A_file_that_is_no_assembly_is_refused()
    {
        var file = Path.Combine(_folder, "notes.txt");
        await File.WriteAllTextAsync(file, "notes");
        var run = await RunAsync("migrate", "--assembly", file);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("can't be loaded", run.Errors, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("migrate", "--assembly", Path.Combine(_folder, "none.dll"))).ExitCode);
    }

    [SkippableFact]
    public async Task A_file_that_is_no_report_is_not_replaced()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        await File.WriteAllTextAsync(Report, "my thesis");
        var run = await RunAsync("migrate", "--config", await ConfigureAsync(provisioner), "--assembly", WebShopProcess.Assembly, "--report", Report);
        Assert.Equal(2, run.ExitCode);
        Assert.Equal("my thesis", await File.ReadAllTextAsync(Report));
        Assert.Null(await AsTenantAsync(provisioner.Tenants[0], Probe));
    }

    [SkippableFact]
    public async Task A_report_whose_disk_is_gone_at_the_end_is_printed()
    {
        await using var provisioner = await postgres.ProvisionAsync(2, services: ["core"]);
        var config = await ConfigureAsync(provisioner);

        // Tried until its deadline, so that there is time.
        await AsAdminAsync(provisioner.Tenants[1], $"alter role \"{provisioner.Tenants[1].BaseUser}\" nologin");
        var disk = Directory.CreateDirectory(Path.Combine(_folder, "disk")).FullName;
        var report = Path.Combine(disk, "report.json");
        await using var host = HostProcess.Start("migrate", "--config", config, "--assembly", WebShopProcess.Assembly, "--report", report);
        await Until.TrueAsync(() => File.Exists(report));
        Directory.Delete(disk, recursive: true);

        Assert.Equal(1, await host.WaitAsync());
        Assert.Contains("can't be written to", host.Errors, StringComparison.Ordinal);
        var printed = JsonDocument.Parse(host.Output).RootElement;
        Assert.Equal((1, 1), (printed.GetProperty("migrated").GetInt32(), printed.GetProperty("failed").GetInt32()));
    }

    [Fact]
    public void A_script_is_printed_as_it_would_be_run()
    {
        var seed = $"insert into t values ('{new string('x', 5_000)}\t\u00AD{'\u200D'}');";
        using var printed = new StringWriter { NewLine = "\n" };
        MigrationScripts.Print(printed, new MigrateResult("core", "acme", TenantMigrationStatus.Scripted, Script: seed));
        Assert.Equal($"-- core/acme\n{seed}\n", printed.ToString());
    }

    private static async Task<Run> RunAsync(params string[] arguments)
    {
        await using var host = HostProcess.Start(arguments);
        var code = await host.WaitAsync();
        return new Run(code, host.Output, host.Errors);
    }

    private async Task AsAdminAsync(ProvisionedTenant tenant, string sql)
    {
        await using var source = NpgsqlDataSource.Create(postgres.Server.Admin(tenant.Database));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> AsTenantAsync(ProvisionedTenant tenant, string sql)
    {
        await using var source = NpgsqlDataSource.Create(PostgresUri.Parse(tenant.ConnectionUri).ToNpgsql());
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync() is var value && value is DBNull ? null : value;
    }

    private Task<string> ConfigureAsync(TenantProvisioner provisioner) =>
        HostFiles.WriteAsync(_folder, provisioner, "hyperconn { services = [core], pools.acquire-timeout = 6s }");

    private sealed record Run(int ExitCode, string Output, string Errors)
    {
        public JsonElement Json => JsonDocument.Parse(Output).RootElement;
    }
}
