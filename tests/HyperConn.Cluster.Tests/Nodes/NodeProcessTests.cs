using System.Text.Json;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Cluster.Nodes;

/// <summary>Real processes on a real server. The sessions are counted there every few milliseconds.</summary>
[Collection(NodeProcesses.Name)]
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
        // Three quarters of the server are in use, which may be the others' alone.
        Assert.NotNull(await three.WaitAsync(now => now.GetValueOrDefault(stopped.Last.Tag) >= ThreeNodes.Limit / 5));

        await stopped.SignalAsync("STOP");
        var kept = sessions.Now.GetValueOrDefault(stopped.Last.Tag);
        await Task.Delay(StopTime);
        var whileStopped = sessions.Now;
        await stopped.SignalAsync("CONT");
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
        var took = await three.WaitForMostAsync(second, third);
        await three.Sessions.StopAsync();

        output.WriteLine($"The others used its share after {took.TotalSeconds:0.0} s; peak {three.Sessions.Peak}, counted {three.Sessions.Counts} times.");
        three.AssertAllIsWell(second, third);
    }

    [SkippableFact]
    public async Task A_node_that_is_cut_off_from_the_others_goes_on_with_its_sessions_until_they_remove_it_and_it_ends()
    {
        await using var three = await ThreeNodes.StartAsync();
        var (first, second, cut) = (three.Nodes[0], three.Nodes[1], three.Nodes[2]);

        await cut.CutAsync(first.Last.Address, second.Last.Address);
        var took = await three.WaitForMostAsync(first, second);
        await Until.TrueAsync(() => cut.HasEnded);
        await three.ReplaceAsync(cut);
        await three.WaitForMostAsync([.. three.Nodes]);
        await three.Sessions.StopAsync();

        output.WriteLine($"The others had most after {took.TotalSeconds:0.0} s; peak {three.Sessions.Peak}, counted {three.Sessions.Counts} times.");
        three.AssertAllIsWell(first, second, three.Nodes[2]);
    }

    [SkippableFact]
    public async Task A_coordinator_that_is_cut_off_for_a_moment_is_followed_by_another_and_comes_back()
    {
        await using var three = await ThreeNodes.StartAsync();
        var others = new[] { three.Nodes[1].Last.Address, three.Nodes[2].Last.Address };

        // Long enough to be found unreachable, too short to be removed.
        await three.Nodes[0].CutAsync(others);
        await Task.Delay(TimeSpan.FromSeconds(7));
        await three.Nodes[0].HealAsync(others);
        await three.WaitForMostAsync([.. three.Nodes]);
        var before = three.Nodes.Select(node => node.Last.Events).ToList();
        await Until.TrueAsync(() => three.Nodes.Select((node, i) => node.Last.Events - before[i]).Min() > 20);
        await three.Sessions.StopAsync();

        output.WriteLine($"Peak {three.Sessions.Peak}, counted {three.Sessions.Counts} times.");
        three.AssertAllIsWell([.. three.Nodes]);
    }

    [SkippableFact]
    public async Task A_node_that_stops_again_and_again_while_another_is_killed_does_not_take_the_rest_with_them()
    {
        await using var three = await ThreeNodes.StartAsync();
        var (first, second) = (three.Nodes[0], three.Nodes[1]);

        // For longer than Akka waits by itself for reachability to settle, before all nodes are downed.
        foreach (var time in new[] { 6.5, 1.2 })
        {
            await second.SignalAsync("STOP");
            await Task.Delay(TimeSpan.FromSeconds(time));
            await second.SignalAsync("CONT");
        }

        await three.Nodes[2].KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(15));
        await three.WaitForMostAsync(first, second);
        await three.Sessions.StopAsync();

        output.WriteLine($"Peak {three.Sessions.Peak}, counted {three.Sessions.Counts} times.");
        three.AssertAllIsWell(first, second);
    }

    [SkippableFact]
    public async Task All_nodes_are_restarted_one_by_one_under_load_and_no_event_fails()
    {
        await using var three = await ThreeNodes.StartAsync();
        var ended = three.Nodes.ToList();
        foreach (var node in ended)
        {
            Assert.Equal(0, await node.StopAsync());
            await three.ReplaceAsync(node);
            await three.WaitForMostAsync([.. three.Nodes]);
        }

        await three.Sessions.StopAsync();
        output.WriteLine($"Peak {three.Sessions.Peak}, counted {three.Sessions.Counts} times.");
        three.AssertAllIsWell([.. ended, .. three.Nodes]);
    }
}
