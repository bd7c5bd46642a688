using Akka.Actor;
using HyperConn.Cluster.Protocol;
using HyperConn.Primitives;
using Microsoft.Extensions.Logging;
using static Akka.Cluster.ClusterEvent;

namespace HyperConn.Cluster.Nodes;

/// <summary>
/// Divides every server's connections among the nodes. Every node has one; it coordinates where <see cref="ClusterRoster.Place"/> is. What it knows it
/// has from the nodes and the servers, so that one which takes the place of another begins with nothing.
/// </summary>
internal sealed class ShareCoordinator : ReceiveActor, IWithTimers
{
    public const string Name = "hyperconn-coordinator";

    private const string DecideTimer = "decide";
    private const string LookTimer = "look";

    // What comes together is decided together.
    private static readonly TimeSpan DecideDelay = TimeSpan.FromMilliseconds(3);

    // Shares lapse, sessions vanish, and nobody sends a message.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly MonotonicClock _clock;
    private readonly TimeSpan _validity;
    private readonly ILogger _logger;
    private readonly ClusterRoster _roster;
    private readonly Dictionary<NodeId, IActorRef> _agents = [];
    private readonly HashSet<ServerEndpoint> _uncountable = [];
    private ShareBook _book;
    private string? _whyNot;

    public ShareCoordinator(MonotonicClock clock, TimeSpan validity, string? role, ILogger logger)
    {
        _clock = clock;
        _validity = validity;
        _logger = logger;
        _roster = new ClusterRoster(_cluster.SelfUniqueAddress, role);
        _book = NewBook();
        StandingBy();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private bool IsPlace => _cluster.SelfUniqueAddress.Equals(_roster.Place);

    /// <summary>Props of the coordinator.</summary>
    /// <param name="clock">This node's clock.</param>
    /// <param name="validity">For how long a share holds.</param>
    /// <param name="role">Members with this role share; null: all members.</param>
    /// <param name="logger">Where <see cref="ClusterLog"/> goes.</param>
    public static Props CreateProps(MonotonicClock clock, TimeSpan validity, string? role, ILogger logger) =>
        Props.Create(() => new ShareCoordinator(clock, validity, role, logger));

    protected override void PreStart() => _cluster.Subscribe(Self, SubscriptionInitialStateMode.InitialStateAsSnapshot, ClusterRoster.Events);

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        End();
    }

    /// <summary>Another node is the place for it.</summary>
    private void StandingBy()
    {
        ReceiveMembership(BeginWhereItIs);
        Receive<GetCoordinatorStatus>(_ => Sender.Tell(Status() with { WhyNot = "another node is the place for the coordinator" }));
        Receive<IShareMessage>(_ => { });
        Receive<Decide>(_ => { });
    }

    private void Coordinating()
    {
        ReceiveMembership(MembersChanged);
        Receive<ShareReport>(OnReport);
        Receive<SessionsCounted>(OnCounted);
        Receive<SessionsNotCounted>(notCounted => _book.Receive(notCounted, _clock.Now));
        Receive<Decide>(_ => OnDecide());
        Receive<GetCoordinatorStatus>(_ => Sender.Tell(Status()));
        Receive<IShareMessage>(_ => { });
    }

    private void ReceiveMembership(Action changed)
    {
        Receive<CurrentClusterState>(state =>
        {
            _roster.Set(state);
            changed();
        });
        Receive<MemberRemoved>(OnRemoved);
        Receive<IClusterDomainEvent>(_ => _cluster.SendCurrentClusterState(Self));
    }

    private void OnRemoved(MemberRemoved removed)
    {
        var node = ClusterRoster.IdOf(removed.Member.UniqueAddress);
        _agents.Remove(node);
        if (removed.PreviousStatus == Akka.Cluster.MemberStatus.Exiting)
            _book.Left(node);
        _cluster.SendCurrentClusterState(Self);
    }

    private void BeginWhereItIs()
    {
        if (!IsPlace)
            return;
        ClusterLog.Coordinates(_logger, _roster.Members.Count);
        Timers.StartPeriodicTimer(LookTimer, Decide.Instance, LookInterval, LookInterval);
        Become(Coordinating);
        TellBook();
    }

    private void MembersChanged()
    {
        if (IsPlace)
        {
            TellBook();
            DecideSoon();
            return;
        }

        End();
        Timers.CancelAll();
        (_book, _whyNot) = (NewBook(), null);
        _agents.Clear();
        Become(StandingBy);
    }

    private void TellBook() => _book.SetMembers(
        _roster.Members.Select(member => ClusterRoster.IdOf(member.UniqueAddress)), _roster.Up.Select(member => ClusterRoster.IdOf(member.UniqueAddress)));

    private void OnReport(ShareReport report)
    {
        _agents[report.Node] = Sender;
        _book.Receive(report, _clock.Now);
        DecideSoon();
    }

    private void OnCounted(SessionsCounted counted)
    {
        _book.Receive(counted, _clock.Now);
        if (counted.Sessions is null && _uncountable.Add(counted.Server))
            ClusterLog.NotCountable(_logger, counted.Server.ToString());
        DecideSoon();
    }

    private void DecideSoon()
    {
        if (!Timers.IsTimerActive(DecideTimer))
            Timers.StartSingleTimer(DecideTimer, Decide.Instance, DecideDelay);
    }

    private void OnDecide()
    {
        var now = _clock.Now;
        Send(_book.Decide(now));
        var whyNot = _book.WhyNot(now);
        if (whyNot == _whyNot)
            return;
        _whyNot = whyNot;
        if (whyNot is null)
            ClusterLog.DecidesAgain(_logger);
        else
            ClusterLog.DecidesNothing(_logger, whyNot);
    }

    /// <summary>Whoever takes its place need not wait until what it gave has lapsed.</summary>
    private void End() => Send(_book.End());

    private void Send(IReadOnlyList<(NodeId To, IShareMessage Message)> messages)
    {
        foreach (var (to, message) in messages)
        {
            if (_agents.TryGetValue(to, out var agent))
                agent.Tell(message);
        }
    }

    private ShareBook NewBook() => new(_validity, Random.Shared.Next(), ClusterRoster.IdOf(_cluster.SelfUniqueAddress).Tag);

    private CoordinatorStatus Status()
    {
        var now = _clock.Now;
        return new CoordinatorStatus(
            ClusterRoster.IdOf(_cluster.SelfUniqueAddress),
            _book.Term,
            _book.WhyNot(now),
            [.. _roster.Members.Select(member => (member.Status, Node: ClusterRoster.IdOf(member.UniqueAddress))).Select(member =>
                new MemberStatus(member.Node, member.Status.ToString(), _book.Nodes.IsLiving(member.Node, now)))],
            WireSize.Fitting(
                _book.Servers.Select(book => new SharedServer(
                    book.Server,
                    book.Limit,
                    book.Elsewhere,
                    [.. book.Accounts.Select(account =>
                        new SharedPart(account.Node, account.Share, account.Report.Held, account.Report.InUse, account.Report.Waiting))])),
                server => WireSize.Of(server.Server) + (server.Parts.Count * WireSize.OfPart)));
    }

    private sealed class Decide
    {
        public static readonly Decide Instance = new();
    }
}
