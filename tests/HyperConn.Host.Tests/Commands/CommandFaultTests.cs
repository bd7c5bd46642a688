using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Akka.Actor;
using Akka.Hosting;
using HyperConn.Host;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.Tests.Commands;

/// <summary>What the commands say to slips, as processes. No database is needed.</summary>
public sealed class CommandFaultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-faults-test-").FullName;

    private string Report => Path.Combine(_folder, "report.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("run")]
    [InlineData("check")]
    [InlineData("tenants")]
    [InlineData("exec", "--sql", "select 1")]
    public async Task No_command_repeats_or_hangs_on_a_file_it_can_t_read(params string[] command)
    {
        var secret = await RunAsync([.. command, "--config", Write("secret.conf", "hyperconn {\n secrets.aws.secret-access-key = canary$def\n}")]);
        var bracket = await RunAsync([.. command, "--config", Write("bracket.conf", "hyperconn { services=[\"core\", }")]);

        Assert.Equal((2, 2), (secret.ExitCode, bracket.ExitCode));
        Assert.Contains("line 2, column 40: unexpected character", secret.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", secret.Output + secret.Errors, StringComparison.Ordinal);
        Assert.Contains("line 1: '}' stands where the '[' of line 1 should be closed", bracket.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_names_all_faults_at_once_as_the_file_spells_them_and_shows_no_stack()
    {
        var run = await RunAsync("run", "--config", Write("x.conf", """
            hyperconn { pools.max-pools = 0, secrets.file.path = nowhere.json }
            hyperconn-host.worker { wrkers = 3, workers = abc }
            hyperconn-host.telemetry.trace-ratio = many
            hyperconn-hots.worker.workers = 3
            """));

        Assert.Equal(2, run.ExitCode);
        foreach (var fault in new[]
        {
            "hyperconn.pools.max-pools is 0", "hyperconn.project-name is missing", "hyperconn.secrets.file.path: there is no file or folder",
            "hyperconn-host.worker.wrkers is not a setting", "hyperconn-host.worker.workers can't be read", "hyperconn-host.worker.statements is empty",
            "hyperconn-host.telemetry.trace-ratio can't be read", "hyperconn-hots is not a section",
        })
            Assert.Contains(fault, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exec", "--parallelism", "0")]
    [InlineData("no-such-command")]
    [InlineData("exec", "--sql")]
    [InlineData("run", "--workers", "x")]
    public async Task A_wrong_command_line_is_exit_code_2(params string[] command)
    {
        var run = await RunAsync(command);

        Assert.Equal(2, run.ExitCode);
        Assert.DoesNotContain("System.", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("is a 'commit'", "--sql", "select 1; commit", "--dry-run")]
    [InlineData("No tenant matches", "--sql", "select 1", "--filter", "zzz*")]
    [InlineData("'bogus': not among the configured services (core)", "--sql", "select 1", "--service", "bogus")]
    [InlineData("so nothing was run", "--sql", "select 1", "--report", "/no/such/folder/report.json")]
    public async Task Exec_refuses_what_it_could_not_do_before_it_does_anything(string reason, params string[] options)
    {
        var run = await RunAsync(["exec", "--config", Configure(), .. options]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(reason, run.Errors, StringComparison.Ordinal);
        Assert.Single(run.Errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task A_report_is_resumed_for_its_own_project_and_tenants_only_and_a_server_that_is_away_is_waited_for_once()
    {
        var config = Configure();
        var first = await RunAsync("exec", "--config", config, "--sql", "select 'it''s'", "--report", Report, "--json");
        Assert.Equal(1, first.ExitCode);
        Assert.Equal("acme", JsonDocument.Parse(await File.ReadAllTextAsync(Report)).RootElement.GetProperty("project").GetString());
        var tenant = JsonDocument.Parse(first.Output).RootElement.GetProperty("tenants")[0];
        Assert.Equal(("ServerUnreachable", 1), (tenant.GetProperty("code").GetString(), tenant.GetProperty("attempts").GetInt32()));
        Assert.Contains("can't be reached", first.Output, StringComparison.Ordinal);

        var chosen = await RunAsync("exec", "--config", config, "--sql", "select 'it''s'", "--resume", Report, "-t", "core/a1");
        Assert.Equal(2, chosen.ExitCode);
        Assert.Contains("Leave out --tenant", chosen.Errors, StringComparison.Ordinal);

        var other = await RunAsync("exec", "--config", Configure("other"), "--sql", "select 'it''s'", "--resume", Report);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("of project 'acme'", other.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rejects_that_can_t_be_kept_stop_a_run_before_its_first_event()
    {
        var run = await RunAsync("run", "--config", Configure(), "--rejects", "/no/such/folder/rejects");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("/no/such/folder/rejects", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Top_says_that_another_web_server_is_no_host()
    {
        using var web = new TcpListener(IPAddress.Loopback, 0);
        web.Start();
        using var stop = new CancellationTokenSource();
        var serving = ServePageAsync(web, stop.Token);

        var run = await RunAsync("top", "--url", $"http://127.0.0.1:{((IPEndPoint)web.LocalEndpoint).Port}", "--once");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("is not a HyperConn host", run.Errors, StringComparison.Ordinal);
        await stop.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task Akka_never_writes_to_standard_output()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddAkka("silent", akka => akka.WithHostLogging());
        await using var provider = services.BuildServiceProvider();
        var system = provider.GetRequiredService<ActorSystem>();

        Assert.IsType<HostComposition.SilentLogger>(system.Settings.StdoutLogger);
        await system.Terminate();
    }

    private static async Task ServePageAsync(TcpListener web, CancellationToken stop)
    {
        var answer = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>");
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var client = await web.AcceptTcpClientAsync(stop);
                var stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[1024], 1, throwOnEndOfStream: false, stop);
                await stream.WriteAsync(answer, stop);
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // The caller may hang up, and the test does end.
            }
        }
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using var host = HostProcess.Start(arguments);
        host.Input.Close();
        var code = await host.WaitAsync();
        return (code, host.Output, host.Errors);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>One tenant, on a server that isn't there; the path of the secrets is relative to the file.</summary>
    private string Configure(string project = "acme")
    {
        Write("secrets.json", "{\"" + project + "-a1\": {\"core-postgresql\": \"postgresql://u:p@127.0.0.1:1/x\"}}");
        return Write(project + ".conf", $$"""
            hyperconn { project-name = {{project}}, services = [core], secrets.file.path = secrets.json, pools.acquire-timeout = 6s }
            hyperconn-host { dashboard.enabled = off, worker.statements.default = "select 1" }
            """);
    }
}
