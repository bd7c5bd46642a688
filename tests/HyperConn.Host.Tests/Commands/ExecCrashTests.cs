using System.Text.Json;
using HyperConn.Host.Commands;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests.Commands;

/// <summary><c>exec</c> killed with SIGKILL, and resumed, on a real PostgreSQL: no tenant's SQL is carried out twice.</summary>
public sealed class ExecCrashTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private const string Sql = "insert into effects default values";

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-exec-test-").FullName;

    private string Report => Path.Combine(_folder, "report.json");

    private string Journal => ExecJournal.PathOf(Report);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task Killed_at_any_moment_and_resumed_every_tenant_has_the_sql_s_effect_exactly_once()
    {
        await using var provisioner = await postgres.ProvisionAsync(120, services: ["core"]);
        await AllAsync(provisioner, "create table effects (id serial)");
        var config = await ConfigureAsync(provisioner);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        string[] arguments = ["exec", "--config", config, "--sql", $"select pg_sleep(0.02); {Sql}", "--parallelism", "4"];
        var kills = 0;
        for (var start = 0; ; start++)
        {
            await using var host = HostProcess.Start([.. arguments, File.Exists(Report) ? "--resume" : "--report", Report]);
            if (start < 6)
            {
                // After the first tenants, and before the last.
                await UntilAsync(() => File.Exists(Journal) && new FileInfo(Journal).Length > 200 || host.HasExited);
                await Task.Delay(random.Next(0, 150));
                await host.SignalAsync("KILL");
                kills += await host.WaitAsync() == 137 ? 1 : 0;
                continue;
            }

            Assert.True(await host.WaitAsync() == 0, $"seed {seed}: {host.Output}{host.Errors}");
            break;
        }

        foreach (var tenant in provisioner.Tenants)
            Assert.True(1L.Equals(await AsTenantAsync(tenant, "select count(*) from effects")), $"seed {seed}: {tenant.Key} has {await AsTenantAsync(tenant, "select count(*) from effects")}");
        Assert.True(kills > 1, $"Only {kills} starts were killed.");
        Assert.False(File.Exists(Journal));
        Assert.Equal(120, JsonDocument.Parse(await File.ReadAllTextAsync(Report)).RootElement.GetProperty("done").GetInt32());
    }

    [SkippableFact]
    public async Task What_the_server_has_carried_out_is_not_run_again_though_the_killed_run_never_heard_of_it()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        await AllAsync(provisioner, "create table effects (id serial)");
        var config = await ConfigureAsync(provisioner);
        await using (var host = HostProcess.Start("exec", "--config", config, "--sql", $"{Sql}; select pg_sleep(30)", "--report", Report))
        {
            // The transaction is noted before its SQL is sent; killed in the SQL, it is still there to be asked about.
            await UntilAsync(() => File.Exists(Journal) && ReadShared(Journal).Contains("\"started\"", StringComparison.Ordinal));
            await host.SignalAsync("KILL");
            await host.WaitAsync();
        }

        var noted = JsonDocument.Parse(ReadShared(Journal).Split('\n')[1]).RootElement;
        Assert.NotNull(noted.GetProperty("xid").GetString());
        Assert.NotNull(noted.GetProperty("server").GetString());

        // A commit whose answer did not reach the host: the number of one that was committed stands in for it.
        var xid = (string)(await AsTenantAsync(provisioner.Tenants[0], "with done as (insert into effects default values returning 1) select pg_current_xact_id()::text from done"))!;
        await File.WriteAllTextAsync(Journal, ReadShared(Journal).Replace($"\"{noted.GetProperty("xid").GetString()}\"", $"\"{xid}\"", StringComparison.Ordinal));
        await using var resumed = HostProcess.Start("exec", "--config", config, "--sql", $"{Sql}; select pg_sleep(30)", "--resume", Report, "--json");

        Assert.True(await resumed.WaitAsync() == 0, resumed.Errors);
        var result = JsonDocument.Parse(resumed.Output).RootElement.GetProperty("tenants")[0];
        Assert.Equal("done", result.GetProperty("status").GetString());
        Assert.Contains("carried out before", result.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(1L, await AsTenantAsync(provisioner.Tenants[0], "select count(*) from effects"));
    }

    [SkippableFact]
    public async Task A_transaction_that_the_killed_run_left_running_is_waited_for_before_the_sql_runs_again()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        await AllAsync(provisioner, "create table effects (id serial)");
        var config = await ConfigureAsync(provisioner);
        var sql = $"{Sql}; select pg_sleep(case when (select count(*) from pg_stat_activity where query like 'insert into effects%' and pid <> pg_backend_pid()) = 0 then 4 else 0 end)";
        await using (var host = HostProcess.Start("exec", "--config", config, "--sql", sql, "--report", Report))
        {
            await UntilAsync(() => File.Exists(Journal) && ReadShared(Journal).Contains("\"started\"", StringComparison.Ordinal));
            await host.SignalAsync("KILL");
            await host.WaitAsync();
        }

        await using var resumed = HostProcess.Start("exec", "--config", config, "--sql", sql, "--resume", Report, "--json");

        Assert.True(await resumed.WaitAsync() == 0, resumed.Errors);
        Assert.Equal(1L, await AsTenantAsync(provisioner.Tenants[0], "select count(*) from effects"));
    }

    [SkippableFact]
    public async Task A_commit_that_got_no_answer_is_asked_about_and_run_again_when_it_was_rolled_back()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);

        // Sequences are not rolled back: the first commit ends its own session, the second goes through.
        await AllAsync(provisioner, """
            create table effects (id serial);
            create sequence tries;
            create function cut() returns trigger language plpgsql as $$
            begin
              if nextval('tries') = 1 then perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(20); end if;
              return null;
            end $$;
            create constraint trigger cut after insert on effects deferrable initially deferred for each row execute function cut();
            """);

        await using var host = HostProcess.Start("exec", "--config", await ConfigureAsync(provisioner), "--sql", Sql, "--json");

        Assert.True(await host.WaitAsync() == 0, host.Output + host.Errors);
        var result = JsonDocument.Parse(host.Output).RootElement.GetProperty("tenants")[0];
        Assert.Equal(("done", 2), (result.GetProperty("status").GetString(), result.GetProperty("attempts").GetInt32()));
        Assert.Equal(1L, await AsTenantAsync(provisioner.Tenants[0], "select count(*) from effects"));
    }

    [SkippableTheory]
    [InlineData("keep", "unknown", 1, 0L)]
    [InlineData("done", "done", 0, 0L)]
    [InlineData("rerun", "done", 0, 1L)]
    public async Task What_the_server_can_t_tell_is_unknown_and_the_user_chooses(string choice, string status, int code, long effects)
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        var (config, tenant) = (await ConfigureAsync(provisioner), provisioner.Tenants[0]);
        await AllAsync(provisioner, "create table effects (id serial)");
        var started = new ExecResult(tenant.Key.Service, tenant.Key.Org, ExecStatus.Started, 1, Xid: "3", Server: "7/1/another server");
        await ReportFile<ExecReport>.SaveAsync(Report, ExecReport.Of(Sql, "acme", default, default, false, [started]) with { Run = "r1" });

        await using var resumed = HostProcess.Start("exec", "--config", config, "--sql", Sql, "--resume", Report, "--unknown", choice, "--json");

        Assert.True(await resumed.WaitAsync() == code, resumed.Errors);
        Assert.Equal(status, JsonDocument.Parse(resumed.Output).RootElement.GetProperty("tenants")[0].GetProperty("status").GetString());
        Assert.Equal(effects, await AsTenantAsync(tenant, "select count(*) from effects"));
    }

    [SkippableFact]
    public async Task An_interrupted_report_is_not_begun_anew_and_not_resumed_by_two()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        var config = await ConfigureAsync(provisioner);
        await using var first = HostProcess.Start("exec", "--config", config, "--sql", "select pg_sleep(60)", "--report", Report);
        await UntilAsync(() => File.Exists(Journal) && ReadShared(Journal).Contains("\"started\"", StringComparison.Ordinal));

        var (code, errors) = await RunAsync("exec", "--config", config, "--sql", "select pg_sleep(60)", "--resume", Report);
        Assert.Equal(2, code);
        Assert.Contains("still runs", errors, StringComparison.Ordinal);
        (code, errors) = await RunAsync("exec", "--config", config, "--sql", "select 1", "--report", Report);
        Assert.Equal(2, code);
        Assert.Contains("--resume", errors, StringComparison.Ordinal);
        await first.SignalAsync("KILL");
        await first.WaitAsync();
    }

    private static async Task<(int ExitCode, string Errors)> RunAsync(params string[] arguments)
    {
        await using var host = HostProcess.Start(arguments);
        return (await host.WaitAsync(), host.Errors);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var i = 0; !holds(); i++)
        {
            Assert.True(i < 6_000, "It never happened.");
            await Task.Delay(10);
        }
    }

    /// <summary>The journal's writer has locked it against others who would go on with it, which readers of its bytes don't.</summary>
    private static string ReadShared(string path)
    {
        using var cat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("cat", [path]) { RedirectStandardOutput = true })!;
        var text = cat.StandardOutput.ReadToEnd();
        cat.WaitForExit();
        return text;
    }

    private static NpgsqlDataSource Source(ProvisionedTenant tenant)
    {
        var settings = PostgresUri.Parse(tenant.ConnectionUri).ToNpgsql();
        settings.Pooling = false;
        return NpgsqlDataSource.Create(settings);
    }

    private static async Task<object?> AsTenantAsync(ProvisionedTenant tenant, string sql)
    {
        await using var source = Source(tenant);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private static async Task AllAsync(TenantProvisioner provisioner, string sql)
    {
        foreach (var tenant in provisioner.Tenants)
            await AsTenantAsync(tenant, sql);
    }

    private Task<string> ConfigureAsync(TenantProvisioner provisioner) => HostFiles.WriteAsync(_folder, provisioner, "hyperconn.services = [core]");
}
