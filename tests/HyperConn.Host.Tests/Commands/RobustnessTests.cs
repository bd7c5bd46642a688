using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HyperConn.Tests.Dashboard;

namespace HyperConn.Tests.Commands;

/// <summary>Odd files and odd streams: each ends with one clear line and the documented exit code, as a process.</summary>
public sealed class RobustnessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-robust-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("a = ${b}\nb = ${a}")]
    [InlineData("a = ${a}")]
    [InlineData("a { b = ${a} }")]
    [InlineData("a = [${b}]\nb = [1, ${a}]")]
    [InlineData("hyperconn { project-name = ${hyperconn.secrets.store}, secrets.store = ${hyperconn.project-name} }")]
    public async Task A_configuration_that_stands_for_itself_is_refused(string text)
    {
        foreach (var command in new[] { "run", "tenants" })
        {
            var run = await RunAsync(command, "--config", Write("circle.conf", text));
            Assert.Equal(2, run.ExitCode);
            Assert.Contains("stands for itself", OneLine(run.Errors), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_value_that_two_others_stand_for_is_no_circle()
    {
        var run = await RunAsync("tenants", "--config", Configure("x = acme\ny = ${x}\nz = [${x}, ${y}]"));

        Assert.True(run.ExitCode == 0, run.Errors);
    }

    [Theory]
    [InlineData("folder", "is a folder")]
    [InlineData("link", "is a symbolic link")]
    [InlineData("dangling", "is a symbolic link")]
    [InlineData("fifo", "is a pipe, a socket or a device")]
    [InlineData("others", "is not a report of exec")]
    public async Task A_report_is_written_to_no_folder_link_or_fifo_and_over_no_other_s_file(string kind, string fault)
    {
        var (target, victim) = (Path.Combine(_folder, "report.json"), Write("victim", "not yours"));
        switch (kind)
        {
            case "folder":
                Directory.CreateDirectory(target);
                break;
            case "link":
                File.CreateSymbolicLink(target, victim);
                break;
            case "dangling":
                File.CreateSymbolicLink(target, Path.Combine(_folder, "nowhere"));
                break;
            case "fifo":
                using (var made = Process.Start("mkfifo", [target]))
                    await made.WaitForExitAsync();
                break;
            default:
                await File.WriteAllTextAsync(target, "somebody's notes");
                break;
        }

        var config = Configure();
        var before = Directory.GetFileSystemEntries(_folder).Order(StringComparer.Ordinal).ToList();
        var run = await RunAsync("exec", "--config", config, "--sql", "select 1", "--report", target);
        var resumed = await RunAsync("exec", "--config", config, "--sql", "select 1", "--resume", target);

        Assert.Equal((2, 2), (run.ExitCode, resumed.ExitCode));
        Assert.Contains(fault, OneLine(run.Errors), StringComparison.Ordinal);
        Assert.Contains("report", OneLine(resumed.Errors), StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(_folder).Order(StringComparer.Ordinal));
        Assert.Equal("not yours", await File.ReadAllTextAsync(victim));
    }

    [Fact]
    public async Task A_report_is_only_its_owner_s_to_read_and_what_was_planted_at_its_old_temporary_name_is_not_touched()
    {
        var (target, victim) = (Path.Combine(_folder, "report.json"), Write("victim", "not yours"));
        File.CreateSymbolicLink(target + ".next", victim);

        var run = await RunAsync("exec", "--config", Configure(), "--sql", "select 1", "--report", target);

        Assert.True(run.ExitCode == 1, run.Errors);
        Assert.Equal(1, JsonDocument.Parse(await File.ReadAllTextAsync(target)).RootElement.GetProperty("failed").GetInt32());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(target));
        Assert.Equal("not yours", await File.ReadAllTextAsync(victim));
        Assert.Equal(["hyperconn.conf", "report.json", "report.json.next", "secrets.json", "victim"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"sqlSha256": "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f", "tenants": null}""")]
    [InlineData("""{"sqlSha256": "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f", "tenants": [null]}""")]
    [InlineData("""{"sqlSha256": "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f", "tenants": [{"service": "core", "org": null}]}""")]
    [InlineData("""{"sqlSha256": "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f", "tenants": [{"service": "core", "org": "a b"}]}""")]
    [InlineData("""{"sqlSha256": "\ud800", "tenants": []}""")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("")]
    public async Task A_report_that_is_none_is_not_resumed(string text)
    {
        var run = await RunAsync("exec", "--config", Configure(), "--sql", "select 1", "--resume", Write("report.json", text));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("is not a report of exec", OneLine(run.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2>/dev/full", 2, "tenants", "--config", "nowhere.conf")]
    [InlineData("2>&-", 2, "tenants", "--config", "nowhere.conf")]
    [InlineData("2>/dev/full", 2, "no-such-command")]
    public async Task Messages_that_can_t_be_written_change_no_exit_code(string redirection, int code, params string[] command)
    {
        await using var host = HostProcess.StartRedirected(redirection, command);

        Assert.Equal(code, await host.WaitAsync());
    }

    [Fact]
    public async Task Output_that_can_t_be_written_is_said_and_exit_code_1()
    {
        await using var host = HostProcess.StartRedirected(">/dev/full", "tenants", "--config", Configure());

        Assert.Equal(1, await host.WaitAsync());
        Assert.Contains("Standard output can't be written", OneLine(host.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_that_was_closed_before_the_start_is_written_to_nobody_else_s_file()
    {
        await using var host = HostProcess.StartRedirected(">&-", "tenants", "--config", Configure());

        Assert.True(await host.WaitAsync() == 0, host.Errors);
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--sort=permits")]
    public async Task Top_ends_when_nobody_reads_it_any_more(string option)
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        await using var host = HostProcess.StartRedirected("| head -n 2", "top", "--url", dashboard.Address.ToString(), "--interval", "100ms", option);

        // The code of a pipe is that of its last command: that it ends at all, and what it said, is seen here.
        await host.WaitAsync();
        Assert.Contains("Nobody reads standard output any more.", OneLine(host.Errors), StringComparison.Ordinal);
        Assert.Equal(2, host.Output.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task Run_without_a_standard_input_says_so_instead_of_waiting_for_ever()
    {
        await using var host = HostProcess.StartRedirected("<&-", "run", "--config", Configure("hyperconn-host { dashboard.enabled = off, worker.statements.default = \"select 1\" }"));

        Assert.Equal(2, await host.WaitAsync());
        Assert.Contains("standard input is closed", OneLine(host.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_surrogate_pair_in_a_secret_takes_no_other_tenant_with_it()
    {
        var config = Configure();
        Write("secrets.json", """
            {"acme-a1": {"core-postgresql": "postgresql://u:p@127.0.0.1:1/x"}, "acme-a2": {"core-postgresql": "\ud800"}, "acme-\udfff": "x", "acme-a3": "\ud800",
             "acme-a4": {"core-postgresql": "postgresql://u:p@127.0.0.1:1/x"}}
            """);

        var tenants = await RunAsync("tenants", "--config", config);
        var check = await RunAsync("check", "--config", config, "--json");

        Assert.True(tenants.ExitCode == 0, tenants.Errors);
        Assert.Equal(["core/a1", "core/a2", "core/a3", "core/a4"], tenants.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var codes = JsonDocument.Parse(check.Output).RootElement.GetProperty("tenants").EnumerateArray().Select(t => t.GetProperty("code").GetString());
        Assert.Equal(["serverUnreachable", "secretMalformed", "secretMalformed", "serverUnreachable"], codes);
    }

    [Theory]
    [InlineData("50d")]
    [InlineData("often")]
    [InlineData("1ms")]
    public async Task A_bad_sample_interval_hides_no_other_fault(string interval)
    {
        var run = await RunAsync("run", "--config", Configure($$"""
            hyperconn-host.dashboard {
              url = nonsense
              sample-interval = {{interval}}
              history-samples = 1
              trusted-proxies = ["10.0.0.0/8", "somewhere"]
            }
            hyperconn-host.worker.workers = 0
            """));

        Assert.Equal(2, run.ExitCode);
        foreach (var fault in new[] { "sample-interval", "history-samples must be", "url is not", "trusted-proxies: 'somewhere'", "worker.workers must be", "worker.statements is empty" })
            Assert.Contains(fault, run.Errors, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_demo_whose_server_dies_says_so_and_leaves_nothing()
    {
        await using var host = HostProcess.Start("demo", "--duration", "6s", "--tenants", "4", "--json", "--dashboard", "false");
        try
        {
            await host.WaitForErrorsAsync("  events ");
        }
        catch (Xunit.Sdk.XunitException)
        {
            host.SkipWithoutPostgres();
            throw;
        }

        var pid = Assert.Single(Directory.GetFiles(host.Folder, "postmaster.pid", SearchOption.AllDirectories));
        using (var postmaster = Process.GetProcessById(int.Parse((await File.ReadAllLinesAsync(pid))[0], CultureInfo.InvariantCulture)))
            postmaster.Kill();

        Assert.True(await host.WaitAsync() == 1, host.Errors);
        Assert.Contains("PostgreSQL went away", host.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", host.Errors, StringComparison.Ordinal);
        Assert.Empty(host.FindLeftovers());
    }

    private static string OneLine(string errors) => Assert.Single(errors.Trim().Split('\n'));

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using var host = HostProcess.Start(arguments);
        host.Input.Close();
        return (await host.WaitAsync(), host.Output, host.Errors);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private string Configure(string more = "")
    {
        Write("secrets.json", """{"acme-a1": {"core-postgresql": "postgresql://u:p@127.0.0.1:1/x"}}""");
        return Write("hyperconn.conf", $$"""
            hyperconn { project-name = acme, services = [core], secrets.file.path = secrets.json, pools.acquire-timeout = 2s }
            {{more}}
            """);
    }
}
