using Akka.Cluster.Hosting;
using Akka.Remote.Hosting;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Measures;

/// <summary>
/// What it costs to be a node of a cluster: the hot path of one that is alone, and three that storm one server together against one that does all of it
/// without a cluster. All nodes are in this process, so the processors are the same for both.
/// </summary>
internal sealed class OverNodes : Measure
{
    private const int Repetitions = 1_000;
    private const int HotRounds = 1_000;
    private const int NodeCount = 3;
    private const int CallersPerNode = 2_000;
    private const int Count = 200;

    // Three slots are the superuser's, and the benchmark itself looks in now and then.
    private const int Budget = 94;

    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(60);

    public override string Name => "over-nodes";

    public override int DefaultRounds => 5;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, maxConnections: 100);
        yield return await HotAsync(tenants);
        say("storms");
        var errors = 0;
        var storms = await Comparison.RunAsync(rounds, AloneAsync, TogetherAsync);
        yield return RatioRow(
            $"{NodeCount} nodes, {CallersPerNode:N0} concurrent select 1 each, over {Count} tenants, max_connections = 100",
            $"one process without a cluster, {NodeCount * CallersPerNode:N0}",
            storms,
            Units.Milliseconds,
            1.25,
            "≤ 1.25×, 0 errors") with
        {
            Holds = storms.Ratio <= 1.25 && errors == 0,
        };
        yield return new Row("errors in these rounds", "", "", $"{errors}", null, $"{rounds + 1} rounds", "0", errors == 0);

        async Task<double> AloneAsync()
        {
            await using var manager = await Manager.StartAsync(tenants.Store(), o => o.Servers.MaxConnections = Budget);
            var outcome = await Storm.RunAsync(NodeCount * CallersPerNode, tenants.Keys, tenant => manager.Pools.OpenConnectionAsync(tenant));
            await manager.DisposeAsync();
            await tenants.QuietAsync();
            return outcome.Milliseconds;
        }

        async Task<double> TogetherAsync()
        {
            var nodes = new List<Manager>();
            try
            {
                for (var i = 0; i < NodeCount; i++)
                    nodes.Add(await StartNodeAsync(tenants, nodes.FirstOrDefault()));
                var outcomes = await Task.WhenAll(nodes.Select(node =>
                    Task.Run(() => Storm.RunAsync(CallersPerNode, tenants.Keys, tenant => node.Pools.OpenConnectionAsync(tenant)))));
                errors += outcomes.Sum(outcome => outcome.Errors);
                return outcomes.Max(outcome => outcome.Milliseconds);
            }
            finally
            {
                foreach (var node in nodes)
                    await node.DisposeAsync();
                await tenants.QuietAsync();
            }
        }
    }

    private static async Task<Row> HotAsync(Tenants tenants)
    {
        var key = tenants.Keys[25];
        await using var alone = await Manager.StartAsync(tenants.Store(), o => o.Servers.MaxConnections = Budget / 2);
        await using var node = await StartNodeAsync(tenants, null);
        await HotOpen.OpenAsync(alone.Pools, key, 1);
        await HotOpen.OpenAsync(node.Pools, key, 1);
        var hot = await Comparison.RunNanosecondsAsync(HotRounds, Repetitions, n => HotOpen.OpenAsync(alone.Pools, key, n), n => HotOpen.OpenAsync(node.Pools, key, n));
        return RatioRow("hot open+close on a node of a cluster", "without a cluster", hot, Units.Nanoseconds, 1.02);
    }

    private static async Task<Manager> StartNodeAsync(Tenants tenants, Manager? seed)
    {
        var node = await Manager.StartAsync(
            tenants.Store(),
            o => o.Servers.MaxConnections = Budget,
            akka: akka => akka.WithRemoting("127.0.0.1", 0).WithClustering().WithHyperConnCluster());
        var cluster = Akka.Cluster.Cluster.Get(node.System);
        await cluster.JoinAsync(seed is null ? cluster.SelfAddress : Akka.Cluster.Cluster.Get(seed.System).SelfAddress).WaitAsync(JoinPatience);
        return node;
    }
}
