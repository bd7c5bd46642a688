using HyperConn.Events;
using HyperConn.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.Tests.Cluster.Sharding;

/// <summary>A worker on a node without tenants, whose events are handled on those that have them.</summary>
[Collection(RoomyServerCollection.Name)]
public class ShardedWorkerTests(RoomyServer server)
{
    [SkippableFact]
    public async Task What_it_reads_is_handled_on_the_tenant_s_node_and_each_delivery_ends_by_what_that_answers()
    {
        await using var cluster = await new ShardedNodes(server).StartAsync(2);
        var tenants = server.Tenants.Take(20).ToList();
        var source = new MemorySource();
        foreach (var number in Enumerable.Range(1, 5))
            source.Add([.. tenants.Select(tenant => cluster.Event(tenant, $"{tenant.Key.Org}-{number}", "slow"))]);
        source.Add(cluster.Event(tenants[0], "refused", "refuse"), cluster.Event(tenants[1], "later", "later"), cluster.Event(tenants[2], "after"));
        source.Add(cluster.Event(tenants[2], "after")).End();
        await using var reader = await StartReaderAsync(cluster, source);
        var worker = reader.Services.GetRequiredService<TenantEventWorker>();
        await worker.Completion.WaitAsync(TimeSpan.FromMinutes(3));

        var statistics = worker.GetStatistics();
        Assert.Equal((102, 1, 1, 1, 0, 0), (statistics.Handled, statistics.Duplicates, statistics.Rejected, statistics.Retries, statistics.HandedBack, statistics.Lost));
        Assert.Equal("Refused", Assert.Single(source.Completed, ended => ended.Outcome.Result == EventResult.Rejected).Outcome.Code);
        Assert.Equal(2, Assert.Single(source.Completed, ended => ended.Outcome.Attempts > 1).Outcome.Attempts);
        foreach (var tenant in tenants.Skip(3))
            Assert.Equal(Enumerable.Range(1, 5).Select(number => $"{tenant.Key.Org}-{number}"), await cluster.EffectsAsync(tenant));
        Assert.Equal(0, (await reader.Pools.GetStatisticsAsync()).Pools);
        Assert.All(cluster.Notes.Begun.GroupBy(note => note.Tenant), group => Assert.Single(group.Select(note => note.Node).Distinct()));
    }

    [SkippableFact]
    public async Task What_is_under_way_when_it_stops_is_handed_back_and_takes_effect_once_when_it_comes_again()
    {
        await using var cluster = await new ShardedNodes(server).StartAsync(2);
        var waits = cluster.Event(server.Tenants[0], "waits", "wait");
        var source = new MemorySource().Add(waits);
        await using (var reader = await StartReaderAsync(cluster, source, events => events.StopTimeout = TimeSpan.FromSeconds(1)))
        {
            await Until.TrueAsync(() => !cluster.Notes.Begun.IsEmpty);
            await reader.StopAsync();
            Assert.Equal([waits.Id], source.Abandoned);
            Assert.Empty(source.Completed);
        }

        cluster.Notes.Gate.SetResult();
        var again = new MemorySource().Add(waits).End();
        await using (var reader = await StartReaderAsync(cluster, again))
            await reader.Services.GetRequiredService<TenantEventWorker>().Completion.WaitAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(EventResult.Duplicate, Assert.Single(again.Completed).Outcome.Result);
        Assert.Equal(["waits"], await cluster.EffectsAsync(server.Tenants[0]));
    }

    private Task<ClusterNode> StartReaderAsync(ShardedNodes cluster, MemorySource source, Action<TenantEventOptions>? events = null) => ClusterNode.StartAsync(
        server.Secrets(),
        cluster.Nodes[0],
        services: services => services.AddSingleton<ITenantEventSource>(source).AddShardedTenantEvents().AddTenantEvents(events),
        akka: akka => akka.WithTenantShardingProxy(o => o.Role = "tenants"));
}
