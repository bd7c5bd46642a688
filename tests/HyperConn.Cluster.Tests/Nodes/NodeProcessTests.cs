using System.Diagnostics;
using System.Text.Json;
using HyperConn.Host.Demo.Nodes;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Cluster.Nodes;

/// <summary>Real processes on a real server. The sessions are counted there every few milliseconds.</summary>
public sealed class NodeProcessTests(ITestOutputHelper output)
{
    // Several times as long as a share is valid. HYPERCONN_SOAK_SECONDS makes it twenty seconds.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("HYPERCONN_SOAK_SECONDS") is null ? 8 : 20);

    [SkippableFact]
    public async Task The_demo_on_three_nodes_survives_a_kill_and_never_has_a_session_too_many()
    {
        await using var host = HostProcess.Start("demo", "--nodes", "3", "--json", "--duration", "12s", "--tenants", "60");
        var code = await host.WaitAsync();
        host.SkipWithoutPostgres();

        output.WriteLine(host.Output + host.Errors);
        Assert.True(code == 0, host.Output + host.Errors);
        var summary = JsonDocument.Parse(host.Output).RootElement;
        var cluster = summary.GetProperty("cluster");
        Assert.InRange(cluster.GetProperty("peakSessions").GetInt32(), ThreeNodes.Limit / 2, cluster.GetProperty("limit").GetInt32());
        Assert.InRange(cluster.GetProperty("shareUsedByOthersSeconds").GetDouble(), 0, 30);
        Assert.Equal(4, cluster.GetProperty("nodes").GetArrayLength());
        Assert.Empty(host.FindLeftovers());
    }

    [SkippableFact]
    public async Task A_node_that_is_stopped_keeps_its_sessions_and_opens_none_when_it_goes_on()
    {
        await using var three = await ThreeNodes.StartAsync();
        var (sessions, stopped) = (three.Sessions, three.Nodes[2]);

        await SignalAsync(stopped, "STOP");
        var kept = sessions.Now.GetValueOrDefault(stopped.Last.Tag);
        await Task.Delay(StopTime);
        var whileStopped = sessions.Now;
        await SignalAsync(stopped, "CONT");
        await Task.Delay(TimeSpan.FromSeconds(5));
        await sessions.StopAsync();

        output.WriteLine($"{kept} sessions of the stopped node; {whileStopped.Values.Sum()} in all; peak {sessions.Peak}, counted {sessions.Counts} times.");
        Assert.True(whileStopped.GetValueOrDefault(stopped.Last.Tag) > 0, "The stopped node had no session left to count.");
        three.AssertAllIsWell(three.Nodes[0], three.Nodes[1]);
    }

    [SkippableFact]
    public async Task When_the_coordinators_node_is_killed_another_takes_its_place_and_its_share()
    {
        await using var three = await ThreeNodes.StartAsync();
        var (second, third) = (three.Nodes[1], three.Nodes[2]);

        await three.Nodes[0].KillAsync();
        var took = await three.WaitAsync(
            now => now.GetValueOrDefault(second.Last.Tag) + now.GetValueOrDefault(third.Last.Tag) >= ThreeNodes.Limit * 3 / 4);
        await three.Sessions.StopAsync();

        output.WriteLine($"The others used its share after {took?.TotalSeconds:0.0} s; peak {three.Sessions.Peak}, counted {three.Sessions.Counts} times.");
        Assert.NotNull(took);
        three.AssertAllIsWell(second, third);
    }

    private static async Task SignalAsync(NodeProcess node, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", node.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
