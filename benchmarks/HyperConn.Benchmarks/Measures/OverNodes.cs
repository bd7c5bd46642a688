using Akka.Cluster.Hosting;
using Akka.Remote.Hosting;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Measures;

/// <summary>
/// What it costs to be a node of a cluster: the hot path of one that is alone, and three that storm one server together against one that does all of it.
/// Each node opens sessions of its own for each tenant. All nodes are in this process, so the processors are the same for both.
/// </summary>
internal sealed class OverNodes : Measure
{
    private const int Repetitions = 1_000;
    private const int HotRounds = 1_000;
    private const int NodeCount = 3;
    private const int Calls = NodeCount * 2_000;
    private const int Count = 200;

    // Three slots are the superuser's, and the benchmark itself looks in now and then.
    private const int Budget = 94;

    // Nobody's deadline may pass: a storm that gives up on some is over sooner.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(60);

    public override string Name => "over-nodes";

    public override int DefaultRounds => 5;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, maxConnections: 100);
        yield return await HotAsync(tenants);
        say("storms");
        var errors = 0;
        var opened = new Dictionary<int, List<long>> { [1] = [], [NodeCount] = [] };
        var storms = await Comparison.RunAsync(rounds, () => StormAsync(1), () => StormAsync(NodeCount));
        yield return RatioRow(
            $"{NodeCount} nodes, {Calls / NodeCount:N0} concurrent select 1 each, over {Count} tenants, max_connections = 100",
            $"one process without a cluster, {Calls:N0}",
            storms,
            Units.Milliseconds,
            1.25,
            "≤ 1.25×, 0 errors") with
        {
            Holds = storms.Ratio <= 1.25 && errors == 0,
        };
        yield return new Row("errors in these rounds", "", "", $"{errors}", null, $"{rounds + 1} rounds", "0", errors == 0);
        yield return new Row("sessions opened in a storm", "", $"{opened[1].Average():0}", $"{opened[NodeCount].Average():0}", null, "means", "", null);

        async Task<double> StormAsync(int count)
        {
            await using var nodes = count == 1 ? new Nodes([await AloneAsync(tenants)]) : await Nodes.StartAsync(tenants, count);
            var before = await tenants.SessionsOpenedAsync();
            var outcomes = await Task.WhenAll(nodes.All.Select(node =>
                Task.Run(() => Storm.RunAsync(Calls / count, tenants.Keys, tenant => node.Pools.OpenConnectionAsync(tenant)))));
            errors += outcomes.Sum(outcome => outcome.Errors);
            await nodes.DisposeAsync();
            await tenants.QuietAsync();
            opened[count].Add(await tenants.SessionsOpenedAsync() - before);
            return outcomes.Max(outcome => outcome.Milliseconds);
        }
    }

    private static async Task<Row> HotAsync(Tenants tenants)
    {
        var key = tenants.Keys[25];
        await using var alone = await AloneAsync(tenants);
        await using var nodes = await Nodes.StartAsync(tenants, 1);
        var node = nodes.All[0];
        await HotOpen.OpenAsync(alone.Pools, key, 1);
        await HotOpen.OpenAsync(node.Pools, key, 1);
        var hot = await Comparison.RunNanosecondsAsync(HotRounds, Repetitions, n => HotOpen.OpenAsync(alone.Pools, key, n), n => HotOpen.OpenAsync(node.Pools, key, n));
        return RatioRow("hot open+close on a node of a cluster", "without a cluster", hot, Units.Nanoseconds, 1.02);
    }

    private static Task<Manager> AloneAsync(Tenants tenants) => Manager.StartAsync(tenants.Store(), Configure);

    private static void Configure(HyperConnOptions options)
    {
        options.Servers.MaxConnections = Budget;
        options.Pools.AcquireTimeout = Deadline;
    }

    /// <summary>Nodes of one cluster in this process.</summary>
    private sealed class Nodes(IReadOnlyList<Manager> all) : IAsyncDisposable
    {
        public IReadOnlyList<Manager> All => all;

        public static async Task<Nodes> StartAsync(Tenants tenants, int count)
        {
            var managers = new List<Manager>();
            var nodes = new Nodes(managers);
            try
            {
                while (managers.Count < count)
                {
                    managers.Add(await Manager.StartAsync(
                        tenants.Store(),
                        Configure,
                        akka: akka => akka.WithRemoting("127.0.0.1", 0).WithClustering().WithHyperConnCluster()));
                    await ClusterOf(managers[^1]).JoinAsync(ClusterOf(managers[0]).SelfAddress).WaitAsync(JoinPatience);
                }

                return nodes;
            }
            catch
            {
                await nodes.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var node in all.Reverse())
                await node.DisposeAsync();
        }

        private static Akka.Cluster.Cluster ClusterOf(Manager node) => Akka.Cluster.Cluster.Get(node.System);
    }
}
