using HyperConn.Host.Demo.Nodes;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Cluster.Nodes;

/// <summary>
/// Three processes, to which one thing after the other happens at random, from a seed. HYPERCONN_SOAK_SECONDS=600 is ten minutes of it;
/// HYPERCONN_SOAK_SEED repeats a schedule.
/// </summary>
[Collection(NodeProcesses.Name)]
public sealed class NodeScheduleTests(ITestOutputHelper output)
{
    private const int ShortSeconds = 45;

    private static readonly int Seconds = Number("HYPERCONN_SOAK_SECONDS") ?? ShortSeconds;
    private static readonly int Seed = Number("HYPERCONN_SOAK_SEED") ?? Random.Shared.Next();

    private readonly List<NodeProcess> _ended = [];

    private enum Blow
    {
        Kill,
        Stop,
        Cut,
        Restart,
    }

    [SkippableFact]
    public async Task Whatever_happens_to_nodes_the_server_has_no_session_too_many_and_living_nodes_fail_nothing()
    {
        output.WriteLine($"HYPERCONN_SOAK_SEED={Seed} HYPERCONN_SOAK_SECONDS={Seconds}");
        var random = new Random(Seed);
        await using var three = await ThreeNodes.StartAsync();
        var since = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(Seconds))
        {
            await three.ReplaceEndedAsync(_ended);
            var blow = (Blow)random.Next(4);
            var node = three.Nodes[random.Next(three.Nodes.Count)];
            var time = TimeSpan.FromMilliseconds(random.Next(500, 12_000));
            output.WriteLine($"{TimeProvider.System.GetElapsedTime(since).TotalSeconds,6:0.0} s  {blow} {node.Last.Address} {time.TotalSeconds:0.0} s, peak {three.Sessions.Peak}");
            await StrikeAsync(three, node, blow, time);
            await three.SettleAsync(_ended);
        }

        await three.ReplaceEndedAsync(_ended);
        await three.Sessions.StopAsync();
        output.WriteLine($"Peak {three.Sessions.Peak} of {ThreeNodes.Limit}, counted {three.Sessions.Counts} times.");
        three.AssertAllIsWell([.. three.Nodes, .. _ended]);
    }

    private static async Task StrikeAsync(ThreeNodes three, NodeProcess node, Blow blow, TimeSpan time)
    {
        var others = three.Nodes.Where(other => other != node).Select(other => other.Last.Address).ToList();
        switch (blow)
        {
            case Blow.Kill:
                await node.KillAsync();
                break;
            case Blow.Stop:
                await node.SignalAsync("STOP");
                await Task.Delay(time);
                await node.SignalAsync("CONT");
                break;
            case Blow.Cut:
                await node.CutAsync(others);
                await Task.Delay(time);
                if (!node.HasEnded)
                    await node.HealAsync(others);
                break;
            default:
                await node.StopAsync();
                break;
        }
    }

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;
}
