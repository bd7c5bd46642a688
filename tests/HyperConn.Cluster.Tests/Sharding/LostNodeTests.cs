using System.Collections.Concurrent;
using HyperConn.Events;
using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Cluster.Sharding;

/// <summary>Nodes that go while all send events: none is lost, none takes effect twice, and each sender's keep their order.</summary>
[Collection(RoomyServerCollection.Name)]
public class LostNodeTests(RoomyServer server, ITestOutputHelper output)
{
    private const int Tenants = 12;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [SkippableFact]
    public Task A_node_leaves_in_good_order() => GoAsync(2, node => node.StopAsync());

    [SkippableFact]
    public Task A_node_is_aborted() => GoAsync(2, node => node.AbortAsync());

    [SkippableFact]
    public Task The_oldest_node_is_aborted_which_knows_where_all_tenants_are() => GoAsync(0, node => node.AbortAsync());

    private async Task GoAsync(int goes, Func<ClusterNode, Task> goAsync)
    {
        await using var cluster = await new ShardedNodes(server).StartAsync(3);
        var acknowledged = new ConcurrentDictionary<(ProvisionedTenant Tenant, int Sender), int>();
        using var end = new CancellationTokenSource();
        var senders = (
            from tenant in server.Tenants.Take(Tenants)
            from sender in Enumerable.Range(0, 3)
            select Task.Run(() => SendAsync(cluster, tenant, sender, acknowledged, end.Token))).ToList();
        await AdvanceAsync(acknowledged, 3);
        await goAsync(cluster.Nodes[goes]);
        await AdvanceAsync(acknowledged, 5);
        await end.CancelAsync();
        await Task.WhenAll(senders).WaitAsync(Patience);

        var total = 0;
        foreach (var tenant in server.Tenants.Take(Tenants))
        {
            var effects = await cluster.EffectsAsync(tenant);
            for (var sender = 0; sender < 3; sender++)
            {
                var own = effects.Where(effect => effect.StartsWith($"{sender}-", StringComparison.Ordinal)).ToList();
                Assert.Equal(Enumerable.Range(1, acknowledged[(tenant, sender)]).Select(number => $"{sender}-{number}"), own);
                total += own.Count;
            }
        }

        output.WriteLine($"{total} events, {cluster.Notes.Begun.Count} attempts, the lost node began {cluster.Notes.Begun.Count(note => note.Node == goes)}.");
        Assert.Contains(cluster.Notes.Begun, note => note.Node == goes);
    }

    /// <summary>Sends one event after the other, from another node where its own has gone.</summary>
    private static async Task SendAsync(
        ShardedNodes cluster,
        ProvisionedTenant tenant,
        int sender,
        ConcurrentDictionary<(ProvisionedTenant Tenant, int Sender), int> acknowledged,
        CancellationToken end)
    {
        var from = sender;
        for (var number = 1; !end.IsCancellationRequested; number++)
        {
            var done = false;
            while (!done)
            {
                try
                {
                    var outcome = await ShardedNodes.Shards(cluster.Nodes[from]).SendAsync(cluster.Event(tenant, $"{sender}-{number}", "slow"), CancellationToken.None);
                    Assert.NotEqual(EventResult.Rejected, outcome.Result);
                    done = true;
                }
                catch (HyperConnException e) when (e.Code == HyperConnErrorCode.ShuttingDown)
                {
                    from = (from + 1) % 3;
                }
            }

            acknowledged[(tenant, sender)] = number;
        }
    }

    /// <summary>Waits until every sender has had so many more events acknowledged.</summary>
    private static async Task AdvanceAsync(ConcurrentDictionary<(ProvisionedTenant Tenant, int Sender), int> acknowledged, int by)
    {
        var before = acknowledged.ToDictionary();
        var since = TimeProvider.System.GetTimestamp();
        while (acknowledged.Count < Tenants * 3 || acknowledged.Any(pair => pair.Value < before.GetValueOrDefault(pair.Key) + by))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience, "The senders don't get on.");
            await Task.Delay(20);
        }
    }
}
