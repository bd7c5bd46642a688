using System.Text.Json;

namespace HyperConn.Tests.Logging;

/// <summary>What <c>run</c> and <c>exec</c> write for people, as processes.</summary>
public sealed class LoggingProcessTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-logging-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Twenty_thousand_unknown_organisations_are_a_handful_of_lines_with_a_count()
    {
        await using var host = HostProcess.Start("run", "--config", Configure(), "--workers", "64");
        for (var i = 0; i < 20_000; i++)
            await host.Input.WriteLineAsync($$"""{"service": "core", "org": "nobody{{i}}", "type": "any"}""");
        host.Input.Close();
        var code = await host.WaitAsync();

        Assert.True(code == 1, host.Errors[..Math.Min(10_000, host.Errors.Length)]);
        var lines = host.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // A handful a minute; a slow machine takes some minutes.
        Assert.True(lines.Length < 400, $"{lines.Length} lines: {string.Join('\n', lines.Take(50))}");
        Assert.Contains("more lines", host.Errors, StringComparison.Ordinal);
        Assert.Contains("SecretNotFound", host.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_line_is_an_object_where_json_is_asked_for()
    {
        var lines = await RunAsync(null, "--log-format", "json");

        var events = lines.Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Contains(events, e => e.GetProperty("Category").GetString() == "HyperConn.Pools" && e.GetProperty("LogLevel").GetString() == "Warning");
        Assert.Contains(events, e => e.GetProperty("State").TryGetProperty("Code", out var code) && code.GetString() == "SecretNotFound");
    }

    [Theory]
    [InlineData("", "Logging__LogLevel__Default", "Error", false, false)]
    [InlineData("hyperconn-host.logging.level = error", "Logging__LogLevel__Default", "Debug", true, true)]
    [InlineData("hyperconn-host.logging { level = error, levels { \"HyperConn.Pools\" = debug } }", "X", "y", true, false)]
    [InlineData("hyperconn-host.logging.level = debug", "X", "y", true, true)]
    [InlineData("", "X", "y", true, false)]
    public async Task Levels_come_from_the_file_and_the_environment_beats_it(string file, string variable, string value, bool warns, bool debug)
    {
        var lines = await RunAsync(new Dictionary<string, string?> { [variable] = value }, file);

        Assert.Equal(warns, lines.Any(line => line.Contains("warn: HyperConn.Pools", StringComparison.Ordinal)));
        Assert.Equal(debug, lines.Any(line => line.Contains("dbug: HyperConn.Secrets[2000]", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Akka_s_own_debug_lines_are_reachable()
    {
        var lines = await RunAsync(new Dictionary<string, string?> { ["Logging__LogLevel__Akka"] = "Debug" }, "");

        Assert.Contains(lines, line => line.Contains("dbug: Akka", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("hyperconn-host.logging.level = loud", null, "hyperconn-host.logging.level is not one of trace")]
    [InlineData("hyperconn-host.logging.levels { \"HyperConn.Pools\" = 3 }", null, "hyperconn-host.logging.levels.HyperConn.Pools is not one of")]
    [InlineData("hyperconn-host.logging.format = xml", null, "hyperconn-host.logging.format must be text or json")]
    [InlineData("", "loud", "Logging__LogLevel__Default is not one of")]
    public async Task A_level_or_format_that_is_none_is_named(string file, string? variable, string fault)
    {
        foreach (var command in new[] { "run", "tenants" })
        {
            await using var host = HostProcess.Start(new Dictionary<string, string?> { ["Logging__LogLevel__Default"] = variable }, command, "--config", Configure(file));
            Assert.Equal(2, await host.WaitAsync());
            Assert.Contains(fault, Assert.Single(host.Errors.Trim().Split('\n')), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("Information", 1)]
    public async Task Requests_are_not_logged_unless_asked_for_and_never_with_a_query_string(string? level, int least)
    {
        var config = Configure("hyperconn-host.dashboard { enabled = on, url = \"http://127.0.0.1:0\" }");
        await using var host = HostProcess.Start(new Dictionary<string, string?> { ["Logging__LogLevel__Microsoft.AspNetCore"] = level }, "run", "--config", config);
        await host.WaitForErrorsAsync("Dashboard at http");
        var address = host.Errors[(host.Errors.IndexOf("Dashboard at ", StringComparison.Ordinal) + 13)..].Split(' ')[0];
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        for (var i = 0; i < 20; i++)
            await http.GetStringAsync(new Uri("metrics?token=canary-in-query", UriKind.Relative));
        host.Input.Close();
        Assert.True(await host.WaitAsync() == 0, host.Errors);

        var lines = host.Errors.Split('\n').Where(line => line.Contains("Microsoft.AspNetCore", StringComparison.Ordinal)).ToList();
        Assert.InRange(lines.Count, least, least * 400);
        Assert.DoesNotContain("canary", host.Errors, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_server_s_message_forges_no_line_and_steers_no_terminal()
    {
        await using var provisioner = await postgres.ProvisionAsync(1, services: ["core"]);
        const string Raise = "do $$ begin raise exception E'first\\n12:00:00 crit: forged\\t\\x1b]0;owned\\x07\\x1b[2J'; end $$";
        var config = await HostFiles.WriteAsync(_folder, provisioner, $"hyperconn.services = [core]\nhyperconn-host {{ dashboard.enabled = off, worker.statements.default = \"\"\"{Raise}\"\"\" }}");
        var tenant = provisioner.Tenants[0].Key;

        await using var exec = HostProcess.Start("exec", "--config", config, "--sql", Raise);
        Assert.Equal(1, await exec.WaitAsync());
        await using var run = HostProcess.Start("run", "--config", config);
        await run.Input.WriteLineAsync($$"""{"service": "{{tenant.Service}}", "org": "{{tenant.Org}}", "type": "any"}""");
        run.Input.Close();
        Assert.Equal(1, await run.WaitAsync());

        Assert.Contains("first 12:00:00 crit: forged", exec.Output, StringComparison.Ordinal);
        Assert.Contains("first 12:00:00 crit: forged", run.Errors, StringComparison.Ordinal);
        foreach (var text in new[] { exec.Output, exec.Errors, run.Output, run.Errors })
        {
            Assert.DoesNotContain('\u001b', text);
            Assert.DoesNotContain('\u0007', text);
            Assert.DoesNotContain(text.Split('\n'), line => line.StartsWith("12:00:00 crit", StringComparison.Ordinal));
        }
    }

    private async Task<string[]> RunAsync(IReadOnlyDictionary<string, string?>? environment, params string[] more)
    {
        var isOption = more is ["--log-format", ..];
        string[] arguments = ["run", "--config", Configure(isOption ? "" : more[0]), .. isOption ? more : []];
        await using var host = HostProcess.Start(environment, arguments);
        foreach (var org in new[] { "nobody", "a1" })
            await host.Input.WriteLineAsync($$"""{"service": "core", "org": "{{org}}", "type": "any"}""");
        host.Input.Close();
        Assert.Equal(1, await host.WaitAsync());
        return host.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private string Configure(string more = "")
    {
        File.WriteAllText(Path.Combine(_folder, "secrets.json"), """{"acme-a1": {"core-postgresql": "postgresql://u:p@127.0.0.1:1/x"}}""");
        var path = Path.Combine(_folder, "hyperconn.conf");
        File.WriteAllText(path, $$"""
            hyperconn { project-name = acme, services = [core], secrets.file.path = secrets.json, pools.acquire-timeout = 1s }
            hyperconn-host { dashboard.enabled = off, worker { statements.default = "select 1", retry-for = 1s } }
            {{more}}
            """);
        return path;
    }
}
