using System.Text.Json;

namespace HyperConn.Tests;

public class DemoProcessTests
{
    [SkippableFact]
    public async Task The_demo_prints_one_object_and_leaves_nothing()
    {
        await using var host = HostProcess.Start("demo", "--json", "--duration", "4s", "--tenants", "40", "--max-pools", "10", "--workers", "16");
        var exitCode = await host.WaitAsync();
        host.SkipWithoutPostgres();

        var summary = JsonDocument.Parse(host.Output).RootElement;
        Assert.True(exitCode == 0, host.Output + host.Errors);
        Assert.Equal(0, Number(summary, "failed"));
        Assert.Equal(0, Number(summary, "wrongTenant"));
        Assert.Equal(0, Number(summary, "sessionsLeft"));
        Assert.True(Number(summary, "events") > 0);
        Assert.Equal(Number(summary, "events"), Number(summary, "rows"));
        Assert.True(Number(summary, "poolsCreated") > 10);
        Assert.Equal(Number(summary, "evictions"), summary.GetProperty("evictionsByReason").EnumerateObject().Sum(reason => reason.Value.GetInt64()));
        Assert.Equal(Number(summary, "poolsCreated"), Number(summary, "evictions"));
        Assert.InRange(Number(summary, "secretCalls"), 1, Number(summary, "poolsCreated"));
        Assert.InRange(Number(summary, "peakServerSessions"), 1, 57);
        Assert.InRange(Number(summary, "rotations"), 1, 10);
        Assert.InRange(summary.GetProperty("elapsedSeconds").GetDouble(), 4, 120);
        Assert.Empty(host.FindLeftovers());
    }

    [SkippableFact]
    public async Task Into_a_pipe_it_writes_plain_lines_and_a_summary()
    {
        await using var host = HostProcess.Start("demo", "--duration", "3s", "--tenants", "10", "--rotate", "false");
        var exitCode = await host.WaitAsync();
        host.SkipWithoutPostgres();

        Assert.True(exitCode == 0, host.Output + host.Errors);
        Assert.Contains("sessions left", host.Output, StringComparison.Ordinal);
        Assert.Contains("All as promised.", host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', host.Output);
    }

    [SkippableTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task Told_to_stop_it_drains_reports_and_leaves_nothing(string signal)
    {
        await using var host = HostProcess.Start("demo", "--json", "--duration", "60s", "--tenants", "20");
        await WaitForEventsAsync(host);

        await host.SignalAsync(signal);

        Assert.True(await host.WaitAsync() == 0, host.Output + host.Errors);
        var summary = JsonDocument.Parse(host.Output).RootElement;
        Assert.Equal(0, Number(summary, "failed"));
        Assert.Equal(0, Number(summary, "sessionsLeft"));
        Assert.True(summary.GetProperty("elapsedSeconds").GetDouble() < 60);
        Assert.Empty(host.FindLeftovers());
    }

    [SkippableFact]
    public async Task Stopped_while_it_starts_it_leaves_nothing()
    {
        await using var host = HostProcess.Start("demo", "--json", "--tenants", "500");
        await WaitAsync(host, "making 500 tenants");

        await host.SignalAsync("INT");

        Assert.Equal(2, await host.WaitAsync());
        Assert.Equal("", host.Output);
        Assert.Empty(host.FindLeftovers());
    }

    [SkippableFact]
    public async Task Even_killed_it_leaves_no_server_and_no_file()
    {
        await using var host = HostProcess.Start("demo", "--json", "--duration", "60s", "--tenants", "20");
        await WaitForEventsAsync(host);
        Assert.NotEmpty(host.FindLeftovers());

        await host.SignalAsync("KILL");
        await host.WaitAsync();

        // The shell that cleans up outlives the process it watches, for a moment.
        for (var attempt = 0; host.FindLeftovers().Count > 0 && attempt < 400; attempt++)
            await Task.Delay(50);
        Assert.Empty(host.FindLeftovers());
    }

    [Theory]
    [InlineData("--tenants", "0", "--tenants must be from 1 to 5,000.")]
    [InlineData("--workers", "-3", "--workers must be from 1 to 1,000.")]
    [InlineData("--max-connections", "5", "--max-connections must be from 10 to 10,000.")]
    [InlineData("--duration", "soon", "'soon' is not a time above zero. Write a number and ms, s, m or h, such as 30s.")]
    [InlineData("--idle-ttl", "0s", "'0s' is not a time above zero. Write a number and ms, s, m or h, such as 30s.")]
    [InlineData("--no-such-option", "1", "--no-such-option")]
    public async Task A_bad_option_is_refused_with_one_clear_line(string option, string value, string message)
    {
        await using var host = HostProcess.Start("demo", option, value);
        Assert.NotEqual(0, await host.WaitAsync());
        Assert.Contains(message, host.Errors, StringComparison.Ordinal);
        Assert.Equal("", host.Output.Trim());
    }

    [Fact]
    public async Task Without_a_configuration_file_run_says_so()
    {
        await using var host = HostProcess.Start("run", "--config", "no-such-file.conf");
        Assert.Equal(2, await host.WaitAsync());
        Assert.Contains("There is no configuration file 'no-such-file.conf'.", host.Errors, StringComparison.Ordinal);
    }

    private static long Number(JsonElement summary, string name) => summary.GetProperty(name).GetInt64();

    private static Task WaitForEventsAsync(HostProcess host) => WaitAsync(host, "  events ");

    private static async Task WaitAsync(HostProcess host, string text)
    {
        try
        {
            await host.WaitForErrorsAsync(text);
        }
        catch (Xunit.Sdk.XunitException)
        {
            host.SkipWithoutPostgres();
            throw;
        }
    }
}
