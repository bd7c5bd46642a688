using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using HyperConn.Cluster.Nodes;
using HyperConn.Cluster.Operating;
using HyperConn.Cluster.Protocol;
using HyperConn.Cluster.Serialization;

namespace HyperConn.Tests.Cluster.Serialization;

public sealed class ShareSerializerSpecs : Akka.TestKit.Xunit2.TestKit
{
    private static readonly NodeId Node = new("akka.tcp://x@h:1", -17);
    private static readonly ServerEndpoint Server = new("::1", 5432);

    private static readonly DateTimeOffset At = new(2026, 11, 27, 16, 0, 0, TimeSpan.Zero);

    private static readonly HyperConnStatistics Statistics = new()
    {
        TakenAt = At,
        Pools = 2,
        HotAcquisitions = 7,
        Evictions = new Dictionary<EvictionReason, long> { [EvictionReason.Overflow] = 3 },
        EvictionsSkippedByReason = new Dictionary<EvictionSkipReason, long> { [EvictionSkipReason.InUse] = 1 },
        Servers = [new ServerStatistics(Server, null, 1, 2, 3, TimeSpan.FromSeconds(1), 0, 4, 5, 6, 2)],
        Restrictions =
        [
            new OperatorRestriction(OperatorTarget.Everything, RestrictionKind.Paused, "mia", "OPS-1", At, null),
            new OperatorRestriction(new OperatorTarget.Tenant(TenantKey.Create("core", "a_b")), RestrictionKind.Banned, "mia", "OPS-2", At, At),
        ],
        Circuits =
        [
            new CircuitStatistics { Scope = CircuitScope.Store, State = CircuitState.Open, Failure = new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, "Away.") },
            new CircuitStatistics
            {
                Scope = new CircuitScope.Server(Server), State = CircuitState.HalfOpen, Failure = new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."),
            },
        ],
        Tenants =
        [
            new TenantStatistics { Tenant = TenantKey.Create("core", "a_b"), State = PoolState.Ready, Servers = [Server], Username = "müller", Leases = 2 },
            new TenantStatistics
            {
                Tenant = TenantKey.Create("core_a", "b"), State = PoolState.Resolving, NotEvicted = EvictionSkipReason.InUse,
                LastFailure = new HyperConnFailure(HyperConnErrorCode.LoginRefused, "No.", TenantKey.Create("core_a", "b"), At),
            },
        ],
    };

    private readonly ShareSerializer _serializer;

    public ShareSerializerSpecs() => _serializer = new ShareSerializer((ExtendedActorSystem)Sys);

    public static TheoryData<string> Kinds => new(Messages().Keys);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_message_comes_out_as_it_went_in(string kind)
    {
        var message = Messages()[kind];
        Assert.Equal(kind, _serializer.Manifest(message));
        var again = _serializer.FromBinary(_serializer.ToBinary(message), kind);
        Assert.Equal(Encoding.UTF8.GetString(_serializer.ToBinary(message)), Encoding.UTF8.GetString(_serializer.ToBinary(again)));
        Assert.IsType(message.GetType(), again);
    }

    [Fact]
    public void Every_message_has_an_example_here() => Assert.Equal(
        typeof(IShareMessage).Assembly.GetTypes().Where(type => type.IsClass && typeof(IShareMessage).IsAssignableFrom(type)).Select(type => type.Name).Order(),
        Messages().Values.Select(message => message.GetType().Name).Order());

    [Fact]
    public void What_a_later_version_says_beside_is_left_out() => Assert.Equal(
        new CountSessions(Server, 7),
        _serializer.FromBinary("""{"Server":["::1",5432],"Question":7,"Later":true}"""u8.ToArray(), "count-1"));

    [Fact]
    public void A_reason_of_a_later_version_is_left_out() => Assert.Equal(
        2,
        Assert.Single(Assert.IsType<StatisticsTaken>(_serializer.FromBinary(
            """{"Statistics":{"TakenAt":"2026-11-27T16:00:00+00:00","Evictions":{"Later":1,"Overflow":2}}}"""u8.ToArray(), "statistics-1")).Statistics.Evictions).Value);

    [Fact]
    public void Pages_of_the_longest_tenants_fit_into_a_message_and_lose_none()
    {
        var name = new string('x', TenantKey.MaxSecretNameLength - 6);
        var tenants = Enumerable.Range(0, 300).Select(i => new TenantStatistics
        {
            Tenant = TenantKey.Create(name, $"{name}{i}"),
            State = PoolState.Ready,
            Servers = [new ServerEndpoint(new string('h', 253), 5432)],
            Username = new string('ü', 63),
            Database = new string('ü', 63),
            LastFailure = new HyperConnFailure(HyperConnErrorCode.Internal, new string('ü', 5_000), TenantKey.Create(name, $"{name}{i}"), At),
        }).ToList();
        var read = new List<TenantStatistics>();
        for (int? offset = 0; offset is { } from;)
        {
            var bytes = _serializer.ToBinary(TenantPages.Of(tenants, from, list: 1));
            Assert.True(bytes.Length < 100_000, $"{bytes.Length} bytes");
            var page = Assert.IsType<TenantsPage>(_serializer.FromBinary(bytes, "tenants-1"));
            read.AddRange(page.Tenants);
            offset = page.Next;
        }

        Assert.Equal(tenants.Select(tenant => tenant.Tenant), read.Select(tenant => tenant.Tenant));
    }

    [Fact]
    public void Statistics_with_more_than_a_message_takes_are_cut_to_what_it_takes()
    {
        var text = new string('ü', OperatorCommand.MaxReasonLength);
        var servers = Enumerable.Range(0, 2_000).Select(i => new ServerEndpoint($"{new string('h', 100)}{i}", 5432)).ToList();
        var bytes = _serializer.ToBinary(TenantPages.WithoutTenants(Statistics with
        {
            Servers = [.. servers.Select(server => new ServerStatistics(server, 1, 1, 1, 1, TimeSpan.MaxValue, 1, long.MaxValue, 1, 1, 1))],
            Restrictions = [.. servers.Select(server => new OperatorRestriction(new OperatorTarget.Server(server), RestrictionKind.Banned, text, text, At, At))],
            Circuits =
            [
                .. servers.Select(server => new CircuitStatistics
                {
                    Scope = new CircuitScope.Server(server), State = CircuitState.Open, Failure = new HyperConnFailure(HyperConnErrorCode.Internal, text),
                }),
            ],
        }));
        Assert.InRange(bytes.Length, 20_000, 110_000);
    }

    [Fact]
    public void Every_command_arrives_as_it_was_sent()
    {
        var target = new OperatorTarget.Tenant(TenantKey.Create("core", "a_b"));
        OperatorCommand[] commands =
        [
            new PauseTenants(target, "mia", "x"), new ResumeTenants(OperatorTarget.Everything, "mia", "x"), new DrainTenants(target, "mia", "x"),
            new RefreshTenants(target, "mia", "x"), new BanTenants(new OperatorTarget.Server(Server), "mia", "x", TimeSpan.FromSeconds(9)),
        ];
        Assert.Equal(commands, commands.Select(command => CommandVerbs.ToCommand(
            (CarryOut)_serializer.FromBinary(_serializer.ToBinary(CommandVerbs.ToMessage(command)), "command-1"))));
    }

    [Theory]
    [InlineData("report-9", "{}")]
    [InlineData("report-1", "no JSON")]
    [InlineData("report-1", "null")]
    [InlineData("count-1", """{"Server":["h"],"Question":1}""")]
    public void What_is_no_message_is_refused(string manifest, string text) =>
        Assert.Throws<SerializationException>(() => _serializer.FromBinary(Encoding.UTF8.GetBytes(text), manifest));

    [Fact]
    public void Nothing_else_is_sent() => Assert.Throws<SerializationException>(() => _serializer.ToBinary("text"));

    private static Dictionary<string, object> Messages() => new()
    {
        ["report-1"] = new ShareReport(
            Node, 5, 7, 9, [new EarlierTerm(4, TimeSpan.FromSeconds(1), ["ffffffef"])], ["00000001"], "00000002", true,
            [new ServerReport(Server, 3, 4, 2, 1, 1, 6, 54, true, 8, true, true)]),
        ["answer-1"] = new ShareAnswer(5, 99, 7, TimeSpan.FromSeconds(3), "00000002", ["00000001"], [new ServerShareGiven(Server, 4, 27, true)]),
        ["ended-1"] = new CoordinatorEnded(5, ["00000001"]),
        ["count-1"] = new CountSessions(Server, 3),
        ["counted-1"] = new SessionsCounted(Node, Server, 3, new Dictionary<string, int> { ["ffffffef"] = 2 }),
        ["uncounted-1"] = new SessionsNotCounted(Server, 3),
        ["secrets-1"] = new SecretVersionsSeen(new Dictionary<string, string> { ["acme"] = "v1" }),
        ["status-1"] = GetCoordinatorStatus.Instance,
        ["stands-1"] = new CoordinatorStatus(
            Node, 5, null, [new MemberStatus(Node, "Up", true)], [new SharedServer(Server, 54, 3, [new SharedPart(Node, 27, 20, 18, 9)])]),
        ["ask-report-1"] = AskReport.Instance,
        ["reported-1"] = new NodeReported(new NodeReport
        {
            TakenAt = At,
            SessionTag = "hc-1",
            Term = 5,
            Silence = TimeSpan.FromSeconds(1),
            HoldsShare = true,
            Pools = 3,
            Leases = 2,
            AcquisitionsPerSecond = 1.5,
            EventsPerSecond = 0,
            Servers = [new NodeServer(Server, 27, 20, 18, 9)],
        }),
        ["ask-statistics-1"] = AskStatistics.Instance,
        ["statistics-1"] = TenantPages.WithoutTenants(Statistics),
        ["ask-tenants-1"] = new AskTenants(400),
        ["tenants-1"] = TenantPages.Of(Statistics.Tenants, 0, list: 1),
        ["command-1"] = CommandVerbs.ToMessage(new BanTenants(new OperatorTarget.Server(Server), "mia", "OPS-1", TimeSpan.FromMinutes(5))),
        ["done-1"] = new CarriedOut(true, "Done.", 3),
        ["cant-1"] = new CantAnswer("It can't."),
    };
}
