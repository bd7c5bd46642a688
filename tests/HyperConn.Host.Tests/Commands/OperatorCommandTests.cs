using System.Text.Json;
using HyperConn.Host.Commands;
using HyperConn.Host.Demo;
using HyperConn.Tests.Dashboard;
using Npgsql;

namespace HyperConn.Tests.Commands;

/// <summary>check, tenants, exec and top, as processes.</summary>
public sealed class OperatorCommandTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-commands-test-").FullName;

    private string Report => Path.Combine(_folder, "report.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task Exec_on_200_tenants_of_a_server_with_40_slots_reports_the_3_that_are_broken_and_resume_mends_them()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = 40 });
        await using var provisioner = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = 200, OwnDatabases = 2, Services = ["core"] });
        var broken = provisioner.Tenants.Skip(50).Take(3).ToList();
        foreach (var tenant in broken)
            await AsAdminAsync(server, tenant, $"alter role \"{tenant.Login.User}\" nologin");
        var config = await ConfigureAsync(provisioner, "servers { max-connections = 30 }\npools { acquire-timeout = 20s }");
        const string Sql = "create table exec_probe (id int primary key); insert into exec_probe select generate_series(1, 3)";

        var first = await RunAsync("exec", "--config", config, "--sql", Sql, "--report", Report, "--json", "--parallelism", "32");

        var failures = first.Json.GetProperty("tenants").EnumerateArray().Where(t => t.GetProperty("status").GetString() == "failed").Select(t => t.GetRawText());
        Assert.True(first.Json.GetProperty("failed").GetInt32() == 3, string.Join('\n', failures));
        Assert.Equal((197, 3), (first.Json.GetProperty("done").GetInt32(), first.Json.GetProperty("failed").GetInt32()));
        Assert.Equal(1, first.ExitCode);
        Assert.Equal(
            broken.Select(t => t.Key.Org).Order(StringComparer.Ordinal),
            first.Json.GetProperty("tenants").EnumerateArray().Where(t => t.GetProperty("status").GetString() == "failed").Select(t => t.GetProperty("org").GetString()).Order(StringComparer.Ordinal));

        foreach (var tenant in broken)
            await AsAdminAsync(server, tenant, $"alter role \"{tenant.Login.User}\" login");
        var second = await RunAsync("exec", "--config", config, "--sql", Sql, "--resume", Report, "--json");

        Assert.True(second.ExitCode == 0, second.Errors);
        Assert.Equal(200, second.Json.GetProperty("done").GetInt32());
        foreach (var tenant in provisioner.Tenants)
            Assert.Equal(3L, await AsTenantAsync(tenant, "select count(*) from exec_probe"));

        // PostgreSQL ends a session some time after its client has gone.
        for (var i = 0; i < 100 && await provisioner.CountSessionsAsync() > 0; i++)
            await Task.Delay(100);
        Assert.Equal(0, await provisioner.CountSessionsAsync());
    }

    [SkippableFact]
    public async Task A_dry_run_finds_what_would_fail_and_changes_nothing()
    {
        await using var provisioner = await postgres.ProvisionAsync(4, services: ["core"]);
        await AsTenantAsync(provisioner.Tenants[2], "create table taken (id int)");

        var run = await RunAsync("exec", "--config", await ConfigureAsync(provisioner), "--sql", "create table taken (id int)", "--dry-run", "--json");

        Assert.Equal((3, 1), (run.Json.GetProperty("done").GetInt32(), run.Json.GetProperty("failed").GetInt32()));
        Assert.Equal("42P07", Assert.Single(run.Json.GetProperty("tenants").EnumerateArray(), t => t.GetProperty("status").GetString() == "failed").GetProperty("code").GetString());
        Assert.Null(await AsTenantAsync(provisioner.Tenants[0], "select to_regclass('taken')::text"));
    }

    [SkippableFact]
    public async Task A_statement_that_fails_halfway_leaves_nothing_of_its_tenant_behind()
    {
        await using var provisioner = await postgres.ProvisionAsync(2, services: ["core"]);

        var run = await RunAsync("exec", "--config", await ConfigureAsync(provisioner), "--json", "--sql", "create table half (id int); select 1/0");

        Assert.Equal(2, run.Json.GetProperty("failed").GetInt32());
        Assert.All(run.Json.GetProperty("tenants").EnumerateArray(), t => Assert.Equal("22012", t.GetProperty("code").GetString()));
        Assert.Null(await AsTenantAsync(provisioner.Tenants[0], "select to_regclass('half')::text"));
    }

    [SkippableFact]
    public async Task A_fault_that_passes_is_tried_again()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        var tenant = provisioner.Tenants[0];

        // Sequences are not rolled back: the first try fails with a serialization failure, the second sees 2.
        await AsTenantAsync(tenant, """
            create sequence tries;
            create function flaky() returns int language plpgsql as $$
            begin
              if nextval('tries') < 2 then raise exception 'try again' using errcode = '40001'; end if;
              return 1;
            end $$
            """);

        var run = await RunAsync("exec", "--config", await ConfigureAsync(provisioner), "--json", "--sql", "select flaky()");

        var result = run.Json.GetProperty("tenants")[0];
        Assert.Equal(("done", 2), (result.GetProperty("status").GetString(), result.GetProperty("attempts").GetInt32()));
    }

    [SkippableFact]
    public async Task A_report_of_other_sql_is_not_resumed()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        var config = await ConfigureAsync(provisioner);
        await RunAsync("exec", "--config", config, "--sql", "select 1", "--report", Report, "--json");

        var resumed = await RunAsync("exec", "--config", config, "--sql", "select 2", "--resume", Report);

        Assert.Equal(2, resumed.ExitCode);
        Assert.Contains("other SQL", resumed.Errors, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(true, "create table own (id int); commit")]
    [InlineData(true, "create table own (id int); commit; begin")]
    [InlineData(false, "create table own (id int); commit")]
    public async Task A_transaction_that_the_sql_ended_all_the_same_is_unknown_and_ends_no_run(bool dryRun, string sql)
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        await using var session = await CommandSession.OpenAsync(await ConfigureAsync(provisioner), CancellationToken.None);

        // Past the check of the SQL, which refuses these.
        var executor = new TenantExecutor(session.Pools, sql, dryRun, 3, TimeSpan.FromMinutes(1), TimeProvider.System);
        var result = await executor.RunAsync(provisioner.Tenants[0].Key, null, CancellationToken.None);

        Assert.Equal((ExecStatus.Unknown, "transactionEnded", 1), (result.Status, result.Code, result.Attempts));
    }

    [SkippableFact]
    public async Task Check_names_what_is_wrong_and_how_to_mend_it_and_no_secret()
    {
        await using var provisioner = await postgres.ProvisionAsync(4, services: ["core"]);
        var config = await ConfigureAsync(provisioner, change: secrets =>
        {
            var orgs = provisioner.Tenants.Select(t => $"acme-{t.Key.Org}").ToList();
            secrets[orgs[1]] = new Dictionary<string, string> { ["core-postgresql"] = "postgresql://app:canary-pass@" };
            secrets[orgs[2]]["core-postgresql"] = secrets[orgs[2]]["core-postgresql"].Replace($"/{provisioner.Tenants[2].Database}", "/no_such_database", StringComparison.Ordinal);
        });
        await AsAdminAsync(postgres.Server, provisioner.Tenants[3], $"alter role \"{provisioner.Tenants[3].Login.User}\" nologin");

        var run = await RunAsync("check", "--config", config, "--json");

        Assert.Equal(1, run.ExitCode);
        var findings = run.Json.GetProperty("tenants").EnumerateArray().ToList();
        Assert.Equal("ok", findings[0].GetProperty("verdict").GetString());
        Assert.Equal(("secret", "secretMalformed"), (findings[1].GetProperty("stage").GetString(), findings[1].GetProperty("code").GetString()));
        Assert.Equal(("login", "databaseUnavailable"), (findings[2].GetProperty("stage").GetString(), findings[2].GetProperty("code").GetString()));
        Assert.Equal(("login", "loginRefused"), (findings[3].GetProperty("stage").GetString(), findings[3].GetProperty("code").GetString()));
        Assert.All(findings.Skip(1), f => Assert.NotEmpty(f.GetProperty("advice").GetString()!));
        Assert.DoesNotContain("canary", run.Output + run.Errors, StringComparison.Ordinal);

        var text = await RunAsync("check", "--config", config);
        Assert.Contains("4 tenants checked: 1 well", text.Output, StringComparison.Ordinal);
        Assert.All(text.Output.Split('\n').Take(3), line => Assert.Equal(6, line.Split('\t').Length));
        Assert.DoesNotContain("canary", text.Output + text.Errors, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(null, "PostgreSQL")]
    [InlineData(PgBouncerOptions.Session, "a pooler, session pooling")]
    [InlineData(PgBouncerOptions.Transaction, "a pooler, transaction pooling")]
    public async Task Check_says_what_stands_where_tenants_connect_to(string? mode, string kind)
    {
        await using var provisioner = await postgres.ProvisionAsync(2, services: ["core"]);
        await using var pooler = mode is null ? null : await PgBouncer.StartAsync(postgres.Server, new PgBouncerOptions(mode));
        var config = await ConfigureAsync(provisioner, change: secrets =>
        {
            foreach (var tenant in provisioner.Tenants.Where(_ => pooler is not null))
                secrets[$"acme-{tenant.Key.Org}"]["core-postgresql"] = pooler!.Through(tenant);
        });

        var run = await RunAsync("check", "--config", config, "--json", "--parallelism", "1");

        var server = run.Json.GetProperty("servers").EnumerateArray().Single();
        Assert.Equal((0, kind), (run.ExitCode, server.GetProperty("kind").GetString()));
        Assert.Equal(pooler is null ? $"{postgres.Server.Host}:{postgres.Server.Port}" : $"127.0.0.1:{pooler.Port}", server.GetProperty("server").GetString());
    }

    [SkippableFact]
    public async Task Tenants_are_listed_and_filtered()
    {
        await using var provisioner = await postgres.ProvisionAsync(6);
        var org = provisioner.Tenants[0].Key.Org;
        var config = await ConfigureAsync(provisioner);

        var all = await RunAsync("tenants", "--config", config);
        var some = await RunAsync("tenants", "--config", config, "--filter", org[..^1] + "?", "--service", "billing", "--json");
        var none = await RunAsync("tenants", "--config", Path.Combine(_folder, "nowhere.conf"));

        Assert.Equal(6, all.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.All(some.Json.EnumerateArray(), t => Assert.Equal("billing", t.GetProperty("service").GetString()));
        Assert.Contains(some.Json.EnumerateArray(), t => t.GetProperty("org").GetString() == org);
        Assert.Equal(2, none.ExitCode);
    }

    [Fact]
    public async Task Top_shows_a_running_host_and_says_when_there_is_none()
    {
        Uri address;
        await using (var dashboard = await DashboardFixture.StartAsync())
        {
            address = dashboard.Address;
            var line = await RunAsync("top", "--url", address.ToString(), "--once");
            var json = await RunAsync("top", "--url", address.ToString(), "--once", "--json", "--sort", "failures");

            Assert.True(line.ExitCode == 0, line.Errors);
            Assert.Contains("pools 200", line.Output, StringComparison.Ordinal);
            Assert.Equal(200, json.Json.GetProperty("now").GetProperty("pools").GetInt32());
            Assert.Equal(15, json.Json.GetProperty("tenants").GetArrayLength());
        }

        var nobody = await RunAsync("top", "--url", address.ToString(), "--once");
        Assert.Equal(2, nobody.ExitCode);
        Assert.Contains("No host answers", nobody.Errors, StringComparison.Ordinal);
    }

    private static async Task<Run> RunAsync(params string[] arguments)
    {
        await using var host = HostProcess.Start(arguments);
        var code = await host.WaitAsync();
        return new Run(code, host.Output, host.Errors);
    }

    private static async Task AsAdminAsync(PostgresServer server, ProvisionedTenant tenant, string sql)
    {
        var settings = server.Admin(tenant.Database);
        settings.Pooling = false;
        await using var source = NpgsqlDataSource.Create(settings);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> AsTenantAsync(ProvisionedTenant tenant, string sql)
    {
        var settings = PostgresUri.Parse(tenant.ConnectionUri).ToNpgsql();
        settings.Pooling = false;
        await using var source = NpgsqlDataSource.Create(settings);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync() is var value && value is DBNull ? null : value;
    }

    private async Task<string> ConfigureAsync(TenantProvisioner provisioner, string more = "", Action<Dictionary<string, Dictionary<string, string>>>? change = null)
    {
        var secrets = provisioner.Tenants
            .GroupBy(t => $"acme-{t.Key.Org}")
            .ToDictionary(o => o.Key, o => o.ToDictionary(t => $"{t.Key.Service}-postgresql", t => t.ConnectionUri));
        change?.Invoke(secrets);
        var file = Path.Combine(_folder, "secrets.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(secrets));
        var path = Path.Combine(_folder, "hyperconn.conf");
        var services = string.Join(", ", provisioner.Tenants.Select(t => $"\"{t.Key.Service}\"").Distinct());
        await File.WriteAllTextAsync(path, $$"""
            hyperconn {
              project-name = "acme"
              services = [{{services}}]
              secrets { store = "file", file { path = "{{file}}" } }
              {{more}}
            }
            """);
        return path;
    }

    private sealed record Run(int ExitCode, string Output, string Errors)
    {
        public JsonElement Json
        {
            get
            {
                Assert.True(Output.Length > 0, Errors);
                return JsonDocument.Parse(Output).RootElement;
            }
        }
    }
}
