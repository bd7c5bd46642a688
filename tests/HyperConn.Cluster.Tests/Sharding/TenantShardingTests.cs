using Akka.Actor;
using Akka.Cluster.Sharding;
using HyperConn.Events;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Cluster.Sharding;

/// <summary>Tenants on one node each: several nodes in one process, on one real server.</summary>
[Collection(RoomyServerCollection.Name)]
public class TenantShardingTests(RoomyServer server, ITestOutputHelper output)
{
    [SkippableFact]
    public async Task Each_tenant_s_events_are_handled_on_one_node_and_only_that_has_a_pool_for_it()
    {
        const int Tenants = 30;
        await using var cluster = await new ShardedNodes(server).StartAsync(3);
        var tenants = server.Tenants.Take(Tenants).ToList();
        for (var round = 0; round < 2; round++)
        {
            var outcomes = await Task.WhenAll(
                from tenant in tenants
                from node in Enumerable.Range(0, 3)
                select ShardedNodes.Shards(cluster.Nodes[node]).SendAsync(cluster.Event(tenant, $"{round}-{node}")));
            Assert.All(outcomes, outcome => Assert.Equal(new EventOutcome(EventResult.Handled), outcome));
        }

        var homes = cluster.Notes.Begun.GroupBy(note => note.Tenant).Select(group => group.Select(note => note.Node).Distinct().ToList()).ToList();
        Assert.All(homes, nodes => Assert.Single(nodes));
        Assert.Equal(Tenants, homes.Count);
        var pools = new List<int>();
        foreach (var node in cluster.Nodes)
            pools.Add((await node.Pools.GetStatisticsAsync()).Pools);
        output.WriteLine($"Pools: {string.Join(", ", pools)}.");
        Assert.Equal(Tenants, pools.Sum());
        Assert.All(pools, count => Assert.InRange(count, 1, Tenants - 2));
        Assert.All(await Task.WhenAll(tenants.Select(cluster.EffectsAsync)), effects => Assert.Equal(6, effects.Distinct().Count()));
    }

    [SkippableFact]
    public async Task An_event_that_is_sent_twice_takes_effect_once_whatever_node_it_is_sent_from()
    {
        await using var cluster = await new ShardedNodes(server).StartAsync(2);
        var same = cluster.Event(server.Tenants[0], "same");
        Assert.Equal(EventResult.Handled, (await ShardedNodes.Shards(cluster.Nodes[0]).SendAsync(same)).Result);
        Assert.Equal(EventResult.Duplicate, (await ShardedNodes.Shards(cluster.Nodes[1]).SendAsync(same)).Result);
        Assert.Single(await cluster.EffectsAsync(server.Tenants[0]));
    }

    [SkippableFact]
    public async Task What_goes_wrong_is_said_as_a_worker_says_it()
    {
        await using var cluster = await new ShardedNodes(server).StartAsync(2, events => events.RetryFor = TimeSpan.FromSeconds(30));
        var tenants = server.Tenants.Take(8).ToList();
        for (var node = 0; node < cluster.Nodes.Count; node++)
        {
            var shards = ShardedNodes.Shards(cluster.Nodes[node]);
            foreach (var tenant in tenants)
            {
                var refused = await shards.SendAsync(cluster.Event(tenant, "a", "refuse"));
                Assert.Equal(new EventOutcome(EventResult.Rejected, "Refused", "The handler refuses it."), refused);
                var thrown = await shards.SendAsync(cluster.Event(tenant, "b", "throw"));
                Assert.Equal((EventResult.Rejected, nameof(InvalidOperationException)), (thrown.Result, thrown.Code));
            }

            var later = await shards.SendAsync(cluster.Event(tenants[0], $"later-{node}", "later"));
            Assert.Equal(new EventOutcome(EventResult.Handled, Attempts: 2), later);
            var large = await shards.SendAsync(new TenantEvent(tenants[0].Key, "default", "large", new string('x', 200_000)));
            Assert.Equal((EventResult.Rejected, "EventTooLarge"), (large.Result, large.Code));

            // The attempt goes on, and nothing else of its tenant meanwhile.
            using var cancelled = new CancellationTokenSource();
            var waiting = shards.SendAsync(cluster.Event(server.Tenants[tenants.Count + node], "wait", "wait"), cancelled.Token);
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        cluster.Notes.Gate.SetResult();
        Assert.Equal(["later-0", "later-1"], await cluster.EffectsAsync(tenants[0]));
    }

    [SkippableFact]
    public async Task What_a_handler_works_on_for_longer_than_answers_may_take_is_heard_of_and_not_begun_twice()
    {
        await using var cluster = await new ShardedNodes(server).StartAsync(2, sharding: o => o.AnswerTimeout = TimeSpan.FromSeconds(5));
        var tenants = server.Tenants.Take(4).ToList();
        var waiting = tenants.Select(tenant => ShardedNodes.Shards(cluster.Nodes[0]).SendAsync(cluster.Event(tenant, "wait", "wait"))).ToList();
        var behind = tenants.Select(tenant => ShardedNodes.Shards(cluster.Nodes[0]).SendAsync(cluster.Event(tenant, "behind"))).ToList();
        await Task.Delay(TimeSpan.FromSeconds(11));
        Assert.DoesNotContain(waiting.Concat(behind), task => task.IsCompleted);
        cluster.Notes.Gate.SetResult();
        Assert.All(await Task.WhenAll(waiting.Concat(behind)), outcome => Assert.Equal(new EventOutcome(EventResult.Handled), outcome));
        Assert.Equal(tenants.Count * 2, cluster.Notes.Begun.Count);
        Assert.All(await Task.WhenAll(tenants.Select(cluster.EffectsAsync)), effects => Assert.Equal(["wait", "behind"], effects));
    }

    [SkippableFact]
    public async Task A_tenant_without_events_has_no_actor_and_gets_one_with_the_next()
    {
        await using var cluster = await new ShardedNodes(server).StartAsync(1, sharding: o => o.IdleTimeout = TimeSpan.FromSeconds(1));
        var shards = ShardedNodes.Shards(cluster.Nodes[0]);
        await shards.SendAsync(cluster.Event(server.Tenants[0], "1"));
        await Until.TrueAsync(async () => await EntitiesAsync(cluster.Nodes[0]) == 0);
        Assert.Equal(EventResult.Handled, (await shards.SendAsync(cluster.Event(server.Tenants[0], "2"))).Result);
        Assert.Equal(["1", "2"], await cluster.EffectsAsync(server.Tenants[0]));
    }

    [SkippableFact]
    public async Task A_new_node_gets_its_part_and_what_was_begun_is_ended_first()
    {
        await using var cluster = await new ShardedNodes(server).StartAsync(1);
        var tenants = server.Tenants.Take(40).ToList();
        var shards = ShardedNodes.Shards(cluster.Nodes[0]);
        var waiting = tenants.Select(tenant => shards.SendAsync(cluster.Event(tenant, "1", "wait"))).ToList();
        var behind = tenants.Select(tenant => shards.SendAsync(cluster.Event(tenant, "2"))).ToList();
        await Until.TrueAsync(() => cluster.Notes.Begun.Select(note => note.Tenant).Distinct().Count() >= 10);
        await cluster.AddAsync();

        // What a hand-off has told to stop says so to those who wait behind it; they are sent again to whom comes next.
        await Task.Delay(TimeSpan.FromSeconds(12));
        cluster.Notes.Gate.SetResult();
        Assert.All(await Task.WhenAll(waiting.Concat(behind)), outcome => Assert.Equal(EventResult.Handled, outcome.Result));
        Assert.All(await Task.WhenAll(tenants.Select(cluster.EffectsAsync)), effects => Assert.Equal(["1", "2"], effects));
        await Until.TrueAsync(async () =>
        {
            foreach (var tenant in tenants)
                await shards.SendAsync(cluster.Event(tenant, Guid.NewGuid().ToString()));
            return cluster.Notes.Begun.Any(note => note.Node == 1);
        });
        Assert.Equal(tenants.Count, cluster.Notes.Begun.Count(note => note.Id == $"{cluster.Run}-1"));
    }

    [SkippableFact]
    public async Task What_is_worked_on_while_its_tenant_moves_is_heard_of_and_made_in_one_attempt()
    {
        // Far shorter than the hand-off.
        void Impatient(TenantShardingOptions o) => o.AnswerTimeout = TimeSpan.FromSeconds(5);
        await using var cluster = await new ShardedNodes(server).StartAsync(1, sharding: Impatient);
        var shards = ShardedNodes.Shards(cluster.Nodes[0]);
        var tenants = server.Tenants.Take(40).ToList();
        var waiting = tenants.Select(tenant => shards.SendAsync(cluster.Event(tenant, "1", "wait"))).ToList();
        await Until.TrueAsync(() => cluster.Notes.Begun.Select(note => note.Tenant).Distinct().Count() >= 10);
        var begun = cluster.Notes.Begun.Select(note => note.Tenant).ToHashSet();
        await cluster.AddAsync(sharding: Impatient);
        await Task.Delay(TimeSpan.FromSeconds(12));
        cluster.Notes.Gate.SetResult();
        Assert.All(await Task.WhenAll(waiting), outcome => Assert.Equal(EventResult.Handled, outcome.Result));
        Assert.All(tenants.Zip(waiting).Where(pair => begun.Contains(pair.First.Key)), pair => Assert.Equal(1, pair.Second.Result.Attempts));
    }

    private static async Task<int> EntitiesAsync(ClusterNode node) =>
        (await ShardedNodes.Region(node).Ask<CurrentShardRegionState>(GetShardRegionState.Instance, Until.Patience)).Shards.Sum(shard => shard.EntityIds.Count);
}
