namespace HyperConn.Tests.Dashboard;

/// <summary>A cluster made of numbers: four nodes, each a <see cref="FakeManager"/>, of which the last does not answer.</summary>
internal sealed class FakeNodes : IHyperConnNodes
{
    public const string First = "akka.tcp://hyperconn@10.0.3.11:4053";
    public const string Second = "akka.tcp://hyperconn@10.0.3.12:4053";
    public const string Third = "akka.tcp://hyperconn@10.0.3.13:4053";
    public const string Silent = "akka.tcp://hyperconn@10.0.3.14:4053";

    private static readonly ServerEndpoint[] Servers = [new("pg-eu-1.internal", 5432), new("pg-eu-2.internal", 5432), new("pg-us-1.internal", 5432)];

    private readonly Dictionary<string, FakeManager> _managers;

    public FakeNodes(FakeManager self, int tenants = 200) =>
        _managers = new(StringComparer.Ordinal) { [First] = self, [Second] = new FakeManager(tenants), [Third] = new FakeManager(tenants + 10) };

    /// <summary>Why the coordinator decides nothing.</summary>
    public string? WhyNot { get; set; }

    public string? Self => First;

    public IReadOnlyList<string> Addresses => [First, Second, Third, Silent];

    public FakeManager this[string node] => _managers[node];

    public Task<NodesOverview> GetNodesAsync(CancellationToken cancellationToken = default)
    {
        var members = Addresses.Select((address, i) => new NodeMember
        {
            Address = address,
            Status = "Up",
            IsReachable = address != Silent,
            Roles = i == 2 ? ["batch"] : [],
            IsSelf = address == First,
            IsCoordinator = address == Second,
            Fault = address == Silent ? "The node did not answer in 2 s." : null,
            Report = address == Silent ? null : new NodeReport
            {
                TakenAt = DateTimeOffset.UtcNow,
                SessionTag = $"hc-1f2e3d-0a1b2c3{i}",
                Term = 2,
                Silence = TimeSpan.FromMilliseconds(300 * (i + 1)),
                HoldsShare = i != 2,
                Pools = 220 - (10 * i),
                Leases = 30 + i,
                AcquisitionsPerSecond = 3204.5 / (i + 1),
                EventsPerSecond = i == 2 ? null : 118.2,
                Servers = [.. Servers.Select((server, s) => new NodeServer(server, i == 2 ? 0 : 40 - (5 * s), 24 + i, 20 - s, s == 0 ? 4 * i : 0))],
            },
        });
        return Task.FromResult(new NodesOverview
        {
            TakenAt = DateTimeOffset.UtcNow,
            Self = First,
            Members = [.. members],
            Coordinator = Second,
            Term = 2,
            WhyNot = WhyNot,
            Servers =
            [
                .. Servers.Select((server, s) => new DividedServer(
                    server, 128, s == 0 ? 9 : 0, [new NodePart(First, 40, 24, 20, 0), new NodePart(Second, 44, 25, 19, 4), new NodePart(Third, 20, 20 - s, 18, 8)])),
            ],
        });
    }

    public async Task<IReadOnlyList<NodeStatistics>> GetStatisticsAsync(bool withTenants = false, string? node = null, CancellationToken cancellationToken = default)
    {
        var answers = new List<NodeStatistics>();
        foreach (var address in Addresses.Where(address => node is null || address == node))
        {
            var statistics = _managers.TryGetValue(address, out var manager) ? await manager.GetAsync(cancellationToken) : null;
            answers.Add(new NodeStatistics(
                address, withTenants || statistics is null ? statistics : statistics with { Tenants = [] }, statistics is null ? "The node did not answer in 5 s." : null));
        }

        return answers;
    }

    public async Task<IReadOnlyList<NodeReply>> ExecuteAsync(OperatorCommand command, string? node = null, CancellationToken cancellationToken = default)
    {
        var replies = new List<NodeReply>();
        foreach (var address in Addresses.Where(address => node is null || address == node))
        {
            if (!_managers.TryGetValue(address, out var manager))
            {
                replies.Add(new NodeReply(address, false, "The node did not answer in 5 s.", 0, Answered: false));
                continue;
            }

            var reply = await manager.ExecuteAsync(command, cancellationToken);
            replies.Add(new NodeReply(address, reply.Accepted, reply.Message, reply.Affected, Answered: true));
        }

        return replies;
    }
}
