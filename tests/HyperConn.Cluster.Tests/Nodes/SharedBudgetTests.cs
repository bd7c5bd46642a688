using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Cluster.Nodes;

/// <summary>Several nodes in one process, on one real server.</summary>
[Collection(RoomyServerCollection.Name)]
public class SharedBudgetTests(RoomyServer server, ITestOutputHelper output)
{
    private const int Limit = 24;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public async Task One_node_alone_has_all_of_the_limit_but_the_one_that_is_kept_for_counting()
    {
        await using var node = await StartAsync(null);
        await using var sessions = new CountedSessions(server.Server, server.Provisioner);
        var open = await OpenAsync(node, Limit - 1);
        Assert.Equal(Limit - 1, open.Count);
        await CloseAsync(open);
        Assert.InRange(sessions.Peak, Limit / 2, Limit);
    }

    [SkippableFact]
    public async Task Three_nodes_that_all_want_more_than_there_is_have_equal_parts_and_never_one_too_many()
    {
        await using var cluster = await ThreeAsync();
        await using var sessions = new CountedSessions(server.Server, server.Provisioner);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(6));
        var done = await Task.WhenAll(cluster.Nodes.Select(node => WorkAsync(node, 40, end.Token)));
        output.WriteLine($"{string.Join(", ", done)} done, peak {sessions.Peak} of {Limit}, {sessions.Counts} samples.");
        Assert.InRange(sessions.Peak, Limit / 2, Limit);
        Assert.All(done, count => Assert.InRange(count, done.Max() / 2, done.Max()));
    }

    [SkippableFact]
    public async Task What_one_node_has_idle_serves_another_and_comes_back_when_it_is_wanted()
    {
        await using var cluster = await ThreeAsync();
        await using var sessions = new CountedSessions(server.Server, server.Provisioner);
        var (first, second) = (cluster.Nodes[0], cluster.Nodes[1]);

        // All but what is kept for the two that have not come yet.
        await CloseAsync(await OpenAsync(first, Limit - 2));
        var since = TimeProvider.System.GetTimestamp();
        await CloseAsync(await OpenAsync(second, Limit - 4));
        var took = TimeProvider.System.GetElapsedTime(since);
        var open = await OpenAsync(first, Limit / 2);
        await CloseAsync(open);
        output.WriteLine($"The second node had {Limit - 4} in {took.TotalMilliseconds:0} ms; peak {sessions.Peak}.");
        Assert.InRange(sessions.Peak, Limit / 2, Limit);
    }

    [SkippableFact]
    public async Task A_node_that_leaves_drains_first_and_its_part_serves_the_others()
    {
        await using var cluster = await ThreeAsync();
        await using var sessions = new CountedSessions(server.Server, server.Provisioner);
        var leaver = cluster.Nodes[2];
        await CloseAsync(await OpenAsync(leaver, Limit / 2));
        await leaver.StopAsync();
        var open = await OpenAsync(cluster.Nodes[0], Limit - 2);
        await CloseAsync(open);
        Assert.InRange(sessions.Peak, Limit / 2, Limit);
    }

    [SkippableFact]
    public async Task A_node_that_is_no_member_opens_nothing_and_says_so()
    {
        await using var node = await ClusterNode.StartAsync(server.Secrets(), null, o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(3), joins: false);
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => node.Pools.OpenConnectionAsync(server.Tenants[0].Key).AsTask());
        Assert.Equal(HyperConnErrorCode.BudgetTimedOut, refused.Code);
        Assert.Contains("no share of the server's connections", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Sessions_carry_the_number_of_their_node_behind_the_name_that_the_secret_gives_them()
    {
        await using var node = await StartAsync(null);
        await using var connection = await node.Pools.OpenConnectionAsync(server.Tenants[0].Key);
        await using var command = connection.CreateCommand();
        command.CommandText = "select current_setting('application_name')";
        Assert.Equal($"hyperconn {node.Runtime.Options.SessionTag}", await command.ExecuteScalarAsync());
    }

    private Task<ClusterNode> StartAsync(ClusterNode? seed) => ClusterNode.StartAsync(server.Secrets(), seed, o =>
    {
        o.Servers.MaxConnections = Limit;
        o.Pools.AcquireTimeout = Patience;
    });

    private async Task<RunningCluster> ThreeAsync()
    {
        var cluster = new RunningCluster();
        for (var i = 0; i < 3; i++)
            cluster.Nodes.Add(await StartAsync(cluster.Nodes.FirstOrDefault()));
        await Until.TrueAsync(async () => (await cluster.Nodes[0].CoordinatorAsync()) is { WhyNot: null, Members.Count: 3 });
        return cluster;
    }

    /// <summary>Opens so many connections at once, each of another tenant.</summary>
    private async Task<List<Npgsql.NpgsqlConnection>> OpenAsync(ClusterNode node, int count) =>
        [.. await Task.WhenAll(server.Tenants.Take(count).Select(tenant => node.Pools.OpenConnectionAsync(tenant.Key).AsTask()))];

    private static async Task CloseAsync(List<Npgsql.NpgsqlConnection> connections)
    {
        foreach (var connection in connections)
            await connection.DisposeAsync();
    }

    /// <summary>Many workers open, ask whose the connection is, and close.</summary>
    private async Task<int> WorkAsync(ClusterNode node, int workers, CancellationToken end)
    {
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            while (!end.IsCancellationRequested)
            {
                var tenant = server.Tenants[random.Next(server.Tenants.Count)].Key;
                await using var connection = await node.Pools.OpenConnectionAsync(tenant, CancellationToken.None);
                await server.Oracle.AssertOwnedAsync(connection, tenant);
                await Task.Delay(random.Next(20), CancellationToken.None);
                Interlocked.Increment(ref done);
            }
        })));
        return done;
    }
}

/// <summary>Nodes that end together.</summary>
internal sealed class RunningCluster : IAsyncDisposable
{
    public List<ClusterNode> Nodes { get; } = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
            await node.DisposeAsync();
    }
}
