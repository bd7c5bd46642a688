using System.Diagnostics;
using System.Globalization;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>
/// The demo in several processes on one server: they share its connections, one of them is killed in the middle and started again, and the
/// sessions are counted at the server all the time.
/// </summary>
internal sealed class NodesDemo(DemoOptions options, TextWriter output)
{
    private const string Project = "demo";
    private const int LeastNodesToKillOne = 3;
    private const int SuperusersSlots = 3;
    private static readonly string[] Services = ["core", "billing"];
    private static readonly TimeSpan SessionPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TakeOverPatience = TimeSpan.FromSeconds(30);

    // Busy enough that there are callers for every session of the server.
    private const double FullEnough = 0.9;

    // Each event keeps its connection so long: else opening connections would take all of a small machine.
    private static readonly TimeSpan WorkTime = TimeSpan.FromSeconds(1);

    private readonly List<(string Name, NodeProcess Process, bool WasKilled)> _nodes = [];

    private bool Kills => options.Nodes >= LeastNodesToKillOne;

    /// <summary>Runs the demo.</summary>
    /// <param name="stop">Ends it early; everything after the feeding still happens.</param>
    /// <exception cref="PostgresUnavailableException">There is no PostgreSQL server to be had.</exception>
    /// <exception cref="NodeFailedException">A node did not start.</exception>
    /// <exception cref="OperationCanceledException">Stopped before the first event.</exception>
    public async Task<DemoSummary> RunAsync(CancellationToken stop)
    {
        Say("Starting PostgreSQL");
        await using var server = await PostgresSources.StartAsync(
            new PostgresServerOptions { MaxConnections = options.MaxConnections }, notice: Say, cancellationToken: stop);
        Say($"{server}; making {options.Tenants} tenants");
        var plan = new TenantPlan { Tenants = options.Tenants, OwnDatabases = Math.Min(20, options.Tenants / 2), Services = Services };
        await using var provisioner = await TenantProvisioner.CreateAsync(server, plan, stop);
        var folder = await server.CreateScratchFolderAsync(stop);
        using var secrets = new SecretsFile(Path.Combine(folder, "secrets.json"), Project, provisioner.Tenants);
        await secrets.WriteAsync(stop);
        var settings = Path.Combine(folder, "node.json");
        new NodeSettings
        {
            Project = Project,
            Services = Services,
            Secrets = secrets.Path,
            Tenants = [.. provisioner.Tenants.Select(NodeTenant.Of)],

            Workers = options.Workers,
            WorkTime = WorkTime,

            // Every node has a pool of every tenant, so that there is more to ask for than the server has.
            MaxPools = Math.Max(options.MaxPools, options.Tenants),
            IdleTimeToLive = options.IdleTimeToLive,
        }.Write(settings);

        await using var sessions = new NodeSessions(server, provisioner.Prefix);
        try
        {
            return await RunNodesAsync(server, provisioner, secrets, settings, sessions, stop);
        }
        finally
        {
            foreach (var (_, process, _) in _nodes)
                await process.DisposeAsync();
        }
    }

    private async Task<DemoSummary> RunNodesAsync(
        PostgresServer server, TenantProvisioner provisioner, SecretsFile secrets, string settings, NodeSessions sessions, CancellationToken stop)
    {
        for (var number = 1; number <= options.Nodes; number++)
        {
            await StartAsync($"node {number}", settings, stop);
            Say($"node {number} is a member: {_nodes[^1].Process.Last.Address}");
        }

        foreach (var (_, process, _) in _nodes)
            await process.BeginAsync();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var over = new CancellationTokenSource();
        end.CancelAfter(options.Duration);
        var watch = Stopwatch.StartNew();
        var rotation = new SecretRotation(
            provisioner, secrets, options.RotationInterval, Random.Shared, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var counting = sessions.RunAsync(over.Token);
        var rotating = options.Rotate ? rotation.RunAsync(end.Token) : Task.CompletedTask;
        var telling = TellAsync(sessions, watch, end.Token);
        var takenOver = Kills ? await KillOneAsync(settings, sessions, end.Token) : default;
        await WaitAsync(end.Token);
        await Task.WhenAll(rotating, telling);
        var elapsed = watch.Elapsed;

        Say("Draining");
        var codes = new Dictionary<NodeProcess, int>();
        await Task.WhenAll(_nodes.Where(node => !node.WasKilled).Select(async node =>
        {
            var code = await node.Process.StopAsync();
            lock (codes)
                codes[node.Process] = code;
        }));
        var left = await WaitForNoneAsync(provisioner);
        await over.CancelAsync();
        await counting;
        var (rows, foreign) = await provisioner.CountRowsAsync(CancellationToken.None);
        return Summary(server, provisioner, sessions, rotation, elapsed, rows, foreign, left, takenOver, codes);
    }

    /// <summary>In the middle of the time one node is killed, and started again when the others have what it had.</summary>
    private async Task<(int Sessions, TimeSpan? Took)> KillOneAsync(string settings, NodeSessions sessions, CancellationToken end)
    {
        await Task.Delay(options.Duration / 3, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Not the first, which the others know the cluster by and which coordinates.
        var (name, process, _) = _nodes[^1];
        await sessions.WaitAsync(now => now.Values.Sum() >= FullEnough * Limit, options.Duration / 3, end);
        var tag = process.Last.Tag;
        var (all, its) = (sessions.Now.Values.Sum(), sessions.Now.GetValueOrDefault(tag));
        Say($"{name} is killed with {its} of {all} sessions");
        var watch = Stopwatch.StartNew();
        await process.KillAsync();
        _nodes[^1] = (name, process, true);
        var took = await sessions.WaitAsync(now => now.Where(node => node.Key != tag).Sum(node => node.Value) >= FullEnough * all, TakeOverPatience, CancellationToken.None);
        took = took is null ? null : watch.Elapsed;
        Say(took is { } time
            ? string.Create(CultureInfo.InvariantCulture, $"the others use its share after {time.TotalSeconds:0.0} s")
            : "the others don't use its share");
        await StartAsync($"{name} again", settings, CancellationToken.None);
        await _nodes[^1].Process.BeginAsync();
        Say($"{name} is back");
        return (its, took);
    }

    private async Task StartAsync(string name, string settings, CancellationToken stop)
    {
        var join = _nodes.Where(node => !node.WasKilled).Select(node => node.Process.Last.Address).ToList();
        _nodes.Add((name, await NodeProcess.StartAsync(settings, join, stop), false));
    }

    private async Task TellAsync(NodeSessions sessions, Stopwatch watch, CancellationToken end)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(2));
        try
        {
            while (await timer.WaitForNextTickAsync(end))
            {
                var now = sessions.Now;
                var nodes = _nodes.ToArray().Where(node => !node.WasKilled).Select(node =>
                    $"{node.Name}: {node.Process.Last.Events:N0} events, {now.GetValueOrDefault(node.Process.Last.Tag)} sessions of {node.Process.Last.Share}");
                Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{watch.Elapsed.TotalSeconds,5:0.0} s  {now.Values.Sum()} sessions (peak {sessions.Peak} of {Limit})  {string.Join("  ", nodes)}"));
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    private static Task WaitAsync(CancellationToken end) => Task.Delay(Timeout.Infinite, end).ContinueWith(
        _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    private static async Task<int> WaitForNoneAsync(TenantProvisioner provisioner) =>
        await new SessionSampler(provisioner).WaitForNoneAsync(SessionPatience);

    /// <summary>What HyperConn makes of the server's connections by default.</summary>
    private int Limit => (int)((options.MaxConnections - SuperusersSlots) * (1 - (decimal)new ServerOptions().Headroom));

    private DemoSummary Summary(
        PostgresServer server,
        TenantProvisioner provisioner,
        NodeSessions sessions,
        SecretRotation rotation,
        TimeSpan elapsed,
        long rows,
        long foreign,
        int left,
        (int Sessions, TimeSpan? Took) takenOver,
        Dictionary<NodeProcess, int> codes)
    {
        var lines = _nodes.ConvertAll(node => node.Process.Last);
        return new DemoSummary
        {
            Tenants = provisioner.Tenants.Count,
            Events = lines.Sum(line => line.Events),
            Failed = lines.Sum(line => line.Failed),
            WrongTenant = lines.Sum(line => line.WrongTenant) + foreign,
            Rows = rows,
            PoolsCreated = lines.Sum(line => line.PoolsCreated),
            Evictions = lines.Sum(line => line.Evictions.Values.Sum()),
            EvictionsByReason = Sums(lines.SelectMany(line => line.Evictions)),
            HotAcquisitions = lines.Sum(line => line.Hot),
            ColdAcquisitions = lines.Sum(line => line.Cold),
            SecretCalls = lines.Sum(line => line.SecretCalls),
            Rotations = rotation.Done,
            PeakServerSessions = sessions.Peak,
            SessionsLeft = left,
            ElapsedSeconds = Math.Round(elapsed.TotalSeconds, 3),
            MaxConnections = server.Control is null ? null : options.MaxConnections,
            FailuresByCause = Sums(lines.SelectMany(line => line.Causes)),
            Cluster = new NodesSummary
            {
                Limit = Limit,
                PeakSessions = sessions.Peak,
                Counts = sessions.Counts,
                ShareUsedByOthersSeconds = takenOver.Took is { } took ? Math.Round(took.TotalSeconds, 2) : null,
                KilledSessions = takenOver.Sessions,
                Kills = Kills,
                Nodes =
                [
                    .. _nodes.Select(node => new NodeSummary(
                        node.Name, node.Process.Last.Events, node.Process.Last.Failed, sessions.PeakOf(node.Process.Last.Tag), node.WasKilled,
                        codes.TryGetValue(node.Process, out var code) ? code : null)),
                ],
            },
        };
    }

    private static Dictionary<string, long> Sums(IEnumerable<KeyValuePair<string, long>> counts) =>
        counts.GroupBy(count => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(count.Key)).ToDictionary(group => group.Key, group => group.Sum(count => count.Value));

    private void Say(string text) => output.WriteLine(text);
}
