using System.Diagnostics.Metrics;
using HyperConn.Tests.Cluster.Nodes;
using HyperConn.Tests.Support;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace HyperConn.Tests.Cluster.Operating;

/// <summary>Three nodes in one process, operated as one.</summary>
[Collection(RoomyServerCollection.Name)]
public class NodesTests(RoomyServer server)
{
    private const int Limit = 24;

    // A node that is aborted does not leave, and stays a member, so that there is time to look.
    private const string Slow =
        """
        akka.coordinated-shutdown.run-by-actor-system-terminate = off
        akka.cluster.failure-detector.acceptable-heartbeat-pause = 120s
        akka.cluster.split-brain-resolver.stable-after = 120s
        """;

    [SkippableFact]
    public async Task Each_node_lists_all_with_what_they_have_and_who_coordinates()
    {
        await using var cluster = await StartAsync(3);
        await using var first = await cluster.Nodes[0].Pools.OpenConnectionAsync(server.Tenants[0].Key);
        await using var second = await cluster.Nodes[2].Pools.OpenConnectionAsync(server.Tenants[1].Key);
        var addresses = cluster.Nodes.Select(node => node.Address.ToString()).Order(StringComparer.Ordinal);
        NodesOverview seen = null!;
        await Until.TrueAsync(async () =>
        {
            seen = await cluster.Nodes[1].Nodes.GetNodesAsync();
            return seen.Members.Sum(member => member.Report?.Servers.Sum(part => part.InUse)) == 2 && seen.Servers.Sum(s => s.Parts.Sum(part => part.InUse)) == 2;
        });

        Assert.Equal(addresses, seen.Members.Select(member => member.Address));
        Assert.All(seen.Members, member => Assert.Equal(("Up", true, (string?)null), (member.Status, member.IsReachable, member.Fault)));
        Assert.All(seen.Members, member => Assert.InRange(member.Report!.Silence!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(10)));
        Assert.Equal(cluster.Nodes[1].Address.ToString(), Assert.Single(seen.Members, member => member.IsSelf).Address);
        Assert.Equal(cluster.Nodes[0].Address.ToString(), Assert.Single(seen.Members, member => member.IsCoordinator).Address);
        Assert.Equal((seen.Self, seen.WhyNot), (cluster.Nodes[1].Address.ToString(), null));
        var user = seen.Members.Single(member => member.Address == cluster.Nodes[2].Address.ToString()).Report!;
        Assert.Equal((1, 1, true), (user.Pools, user.Leases, user.HoldsShare));
        Assert.Equal(cluster.Nodes[2].Runtime.Options.SessionTag, user.SessionTag);
        Assert.True(Assert.Single(user.Servers) is { Share: > 0, Held: > 0, InUse: 1, Waiting: 0 });
        var divided = Assert.Single(seen.Servers);
        Assert.Equal((Limit, 2), (divided.Limit, divided.Parts.Count(part => part.InUse == 1)));
    }

    [SkippableFact]
    public async Task Statistics_of_all_nodes_are_gathered_with_their_tenants_and_the_same_tenant_is_one()
    {
        await using var cluster = await StartAsync(3);
        var shared = server.Tenants[0].Key;
        foreach (var (node, i) in cluster.Nodes.Select((node, i) => (node, i)))
        {
            await using var common = await node.Pools.OpenConnectionAsync(shared);
            await using var own = await node.Pools.OpenConnectionAsync(server.Tenants[i + 1].Key);
        }

        HyperConnStatistics merged = null!;
        await Until.TrueAsync(async () =>
        {
            var all = await cluster.Nodes[0].Nodes.GetStatisticsAsync(withTenants: true);
            Assert.Equal(3, all.Count);
            merged = HyperConn.Cluster.Operating.MergedStatistics.Of([.. all.Select(node => node.Statistics!)], DateTimeOffset.UtcNow);
            return merged.Pools == 6;
        });

        Assert.Equal(4, merged.Tenants.Count);
        Assert.Equal(3, merged.Tenants.Single(tenant => tenant.Tenant == shared).AccessCount);
        var one = Assert.Single(await cluster.Nodes[0].Nodes.GetStatisticsAsync(node: cluster.Nodes[2].Address.ToString()));
        Assert.Equal((2, 0), (one.Statistics!.Pools, one.Statistics.Tenants.Count));
        Assert.Empty(await cluster.Nodes[0].Nodes.GetStatisticsAsync(node: "akka.tcp://nobody@nowhere:1"));
    }

    [SkippableFact]
    public async Task A_command_is_carried_out_on_every_node_or_on_one_and_each_answers()
    {
        await using var cluster = await StartAsync(3, o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(4));
        var tenant = new OperatorTarget.Tenant(server.Tenants[3].Key);
        var nodes = cluster.Nodes[1].Nodes;

        var paused = await nodes.ExecuteAsync(new PauseTenants(tenant, "mia", "OPS-7"));
        Assert.Equal(3, paused.Count);
        Assert.All(paused, reply => Assert.True(reply is { Accepted: true, Answered: true }, reply.Message));
        foreach (var node in cluster.Nodes)
        {
            var refused = await Assert.ThrowsAsync<HyperConnException>(() => node.Pools.OpenConnectionAsync(tenant.Key).AsTask());
            Assert.Equal(HyperConnErrorCode.Paused, refused.Code);
            Assert.Contains("mia", refused.Message, StringComparison.Ordinal);
        }

        var resumed = Assert.Single(await nodes.ExecuteAsync(new ResumeTenants(tenant, "mia", "OPS-7"), cluster.Nodes[2].Address.ToString()));
        Assert.Equal((true, cluster.Nodes[2].Address.ToString()), (resumed.Accepted, resumed.Node));
        await (await cluster.Nodes[2].Pools.OpenConnectionAsync(tenant.Key)).DisposeAsync();
        await Assert.ThrowsAsync<HyperConnException>(() => cluster.Nodes[0].Pools.OpenConnectionAsync(tenant.Key).AsTask());
        Assert.All(await nodes.ExecuteAsync(new PauseTenants(tenant, "mia", " ")), reply => Assert.Equal((false, "Say why: the reason is logged."), (reply.Accepted, reply.Message)));
    }

    [SkippableFact]
    public async Task A_node_that_does_not_answer_is_listed_with_that_and_the_others_as_ever()
    {
        await using var cluster = await StartAsync(3, hocon: Slow);
        await cluster.Nodes[1].CloseDeskAsync();
        await cluster.Nodes[2].AbortAsync();
        var nodes = cluster.Nodes[0].Nodes;

        var (listed, taken, replies) = (await nodes.GetNodesAsync(), await nodes.GetStatisticsAsync(),
            await nodes.ExecuteAsync(new RefreshTenants(OperatorTarget.Everything, "mia", "OPS-7")));

        Assert.Equal(2, listed.Members.Count(member => member.Report is null && member.Fault == "The node did not answer in 2 s."));
        Assert.NotNull(listed.Members.Single(member => member.IsSelf).Report);
        Assert.Equal(2, taken.Count(node => node.Statistics is null && node.Fault == "The node did not answer in 5 s."));
        Assert.Equal(2, replies.Count(reply => reply is { Answered: false, Accepted: false, Message: "The node did not answer in 5 s." }));
        Assert.True(replies.Single(reply => reply.Node == cluster.Nodes[0].Address.ToString()).Accepted);
    }

    [SkippableFact]
    public async Task Health_is_good_for_a_member_that_hears_a_coordinator_that_decides()
    {
        await using var stranger = await ClusterNode.StartAsync(server.Secrets(), null, joins: false);
        var outside = await stranger.HealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, outside.Status);
        Assert.Contains("no member", outside.Description, StringComparison.Ordinal);

        await using var node = await ClusterNode.StartAsync(server.Secrets(), null);
        await Until.TrueAsync(async () => (await node.HealthAsync()).Status == HealthStatus.Healthy);
    }

    [SkippableFact]
    public async Task A_member_without_a_majority_is_degraded_and_says_so()
    {
        await using var cluster = await StartAsync(2, hocon: Slow);
        await cluster.Nodes[1].AbortAsync();

        await Until.TrueAsync(async () => (await cluster.Nodes[0].HealthAsync()).Status == HealthStatus.Degraded);

        Assert.Contains("fewer than half of the nodes answer", (await cluster.Nodes[0].HealthAsync()).Description, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_member_that_hears_no_coordinator_is_degraded_and_in_the_end_unhealthy()
    {
        await using var cluster = await StartAsync(2, hocon: Slow);
        await Until.TrueAsync(async () => (await cluster.Nodes[1].HealthAsync()).Status == HealthStatus.Healthy);
        await cluster.Nodes[0].AbortAsync();

        await Until.TrueAsync(async () => (await cluster.Nodes[1].HealthAsync()).Status == HealthStatus.Degraded);
        Assert.Contains("has not been heard for", (await cluster.Nodes[1].HealthAsync()).Description, StringComparison.Ordinal);
        await Until.TrueAsync(async () => (await cluster.Nodes[1].HealthAsync(TimeSpan.FromSeconds(5))).Status == HealthStatus.Unhealthy);
    }

    [SkippableFact]
    public async Task Metrics_show_the_members_this_nodes_share_and_the_coordinator()
    {
        await using var cluster = await StartAsync(2);
        await (await cluster.Nodes[1].Pools.OpenConnectionAsync(server.Tenants[4].Key)).DisposeAsync();
        var read = new List<(string Name, double Value, Dictionary<string, object?> Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (ReferenceEquals(instrument.Meter, cluster.Nodes[1].Meter) && instrument.Name.StartsWith("hyperconn.cluster.", StringComparison.Ordinal))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => read.Add((instrument.Name, value, new(tags.ToArray()))));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => read.Add((instrument.Name, value, new(tags.ToArray()))));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => read.Add((instrument.Name, value, new(tags.ToArray()))));
        listener.Start();

        await Until.TrueAsync(() =>
        {
            read.Clear();
            listener.RecordObservableInstruments();
            return read.Any(one => one is { Name: "hyperconn.cluster.share", Value: > 0 });
        });

        var members = Assert.Single(read, one => one.Name == "hyperconn.cluster.member.count");
        Assert.Equal((2, "up", "true"), (members.Value, members.Tags["hyperconn.state"], members.Tags["hyperconn.reachable"]));
        Assert.Equal(cluster.Nodes[1].Server!.Endpoint.Port, Assert.Single(read, one => one.Name == "hyperconn.cluster.share").Tags["server.port"]);
        Assert.InRange(Assert.Single(read, one => one.Name == "hyperconn.cluster.coordinator.silence").Value, 0, 10);
        Assert.InRange(Assert.Single(read, one => one.Name == "hyperconn.cluster.coordinator.moves").Value, 1, 3);
    }

    private async Task<RunningCluster> StartAsync(int count, Action<HyperConnOptions>? configure = null, string hocon = "")
    {
        var cluster = new RunningCluster();
        for (var i = 0; i < count; i++)
        {
            cluster.Nodes.Add(await ClusterNode.StartAsync(
                server.Secrets(),
                cluster.Nodes.FirstOrDefault(),
                o =>
                {
                    o.Servers.MaxConnections = Limit;
                    configure?.Invoke(o);
                },
                hocon: hocon));
        }

        await Until.TrueAsync(async () =>
        {
            var status = await cluster.Nodes[0].CoordinatorAsync();
            return status is { WhyNot: null } && status.Members.Count == count && status.Members.All(member => member.IsHeard);
        });
        return cluster;
    }
}
