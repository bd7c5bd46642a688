using Akka.Actor;
using Akka.Cluster;
using HyperConn.Cluster.Protocol;
using HyperConn.Primitives;
using Microsoft.Extensions.Logging;
using static Akka.Cluster.ClusterEvent;

namespace HyperConn.Cluster.Nodes;

/// <summary>
/// Divides every server's connections among the nodes. One in the cluster (a cluster singleton); what it knows it has from the nodes and the
/// servers, so that one which takes its place begins with nothing.
/// </summary>
internal sealed class ShareCoordinator : ReceiveActor, IWithTimers
{
    private const string DecideTimer = "decide";
    private const string LookTimer = "look";

    // What comes together is decided together.
    private static readonly TimeSpan DecideDelay = TimeSpan.FromMilliseconds(3);

    // Shares lapse, sessions vanish, and nobody sends a message.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly MonotonicClock _clock;
    private readonly string? _role;
    private readonly ILogger _logger;
    private readonly ShareBook _book;
    private readonly Dictionary<NodeId, IActorRef> _agents = [];
    private readonly Dictionary<NodeId, Member> _members = [];
    private readonly HashSet<ServerEndpoint> _uncountable = [];
    private string? _whyNot;

    public ShareCoordinator(MonotonicClock clock, TimeSpan validity, string? role, ILogger logger)
    {
        _clock = clock;
        _role = role;
        _logger = logger;
        _book = new ShareBook(validity, Random.Shared.Next());
        Coordinating();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of the coordinator.</summary>
    /// <param name="clock">This node's clock.</param>
    /// <param name="validity">For how long a share holds.</param>
    /// <param name="role">Members with this role share; null: all members.</param>
    /// <param name="logger">Where <see cref="ClusterLog"/> goes.</param>
    public static Props CreateProps(MonotonicClock clock, TimeSpan validity, string? role, ILogger logger) =>
        Props.Create(() => new ShareCoordinator(clock, validity, role, logger));

    /// <summary>How a member is called in the agreement.</summary>
    public static NodeId IdOf(UniqueAddress address) => new(address.Address.ToString(), address.Uid);

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, SubscriptionInitialStateMode.InitialStateAsSnapshot, typeof(IMemberEvent));
        Timers.StartPeriodicTimer(LookTimer, Decide.Instance, LookInterval, LookInterval);
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Coordinating()
    {
        Receive<CurrentClusterState>(OnState);
        Receive<MemberJoined>(_ => { });
        Receive<MemberWeaklyUp>(_ => { });
        Receive<MemberRemoved>(OnRemoved);
        Receive<IMemberEvent>(OnMember);
        Receive<ShareReport>(OnReport);
        Receive<SessionsCounted>(OnCounted);
        Receive<NotCounted>(_ => { });
        Receive<Decide>(_ => OnDecide());
        Receive<GetCoordinatorStatus>(_ => Sender.Tell(Status()));
    }

    /// <summary>All members at once: with a part of them, the rest would not be waited for.</summary>
    private void OnState(CurrentClusterState state)
    {
        foreach (var member in state.Members.Where(member => member.Status is not (Akka.Cluster.MemberStatus.Joining or Akka.Cluster.MemberStatus.WeaklyUp)))
            Add(member);
        MembersChanged();
    }

    private void OnMember(IMemberEvent member)
    {
        Add(member.Member);
        MembersChanged();
    }

    private void Add(Member member)
    {
        if (_role is null || member.HasRole(_role))
            _members[IdOf(member.UniqueAddress)] = member;
    }

    private void OnRemoved(MemberRemoved removed)
    {
        var node = IdOf(removed.Member.UniqueAddress);
        if (!_members.Remove(node))
            return;
        _agents.Remove(node);
        MembersChanged();
        if (removed.PreviousStatus == Akka.Cluster.MemberStatus.Exiting)
            _book.Left(node);
    }

    private void MembersChanged()
    {
        _book.SetMembers(_members.Keys);
        ClusterLog.Coordinates(_logger, _members.Count);
        DecideSoon();
    }

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
        foreach (var (to, message) in _book.Decide(now))
        {
            if (_agents.TryGetValue(to, out var agent))
                agent.Tell(message);
        }

        var whyNot = _book.WhyNot(now);
        if (whyNot == _whyNot)
            return;
        _whyNot = whyNot;
        if (whyNot is null)
            ClusterLog.DecidesAgain(_logger);
        else
            ClusterLog.DecidesNothing(_logger, whyNot);
    }

    private CoordinatorStatus Status()
    {
        var now = _clock.Now;
        return new CoordinatorStatus(
            IdOf(_cluster.SelfUniqueAddress),
            _book.Term,
            _book.WhyNot(now),
            [.. _members.Select(member => new MemberStatus(member.Key, member.Value.Status.ToString(), _book.Nodes.IsLiving(member.Key, now)))],
            [.. _book.Servers.Select(book => new SharedServer(
                book.Server,
                book.Limit,
                book.Elsewhere,
                [.. book.Accounts.Select(account => new SharedPart(account.Node, account.Share, account.Report.Held, account.Report.InUse, account.Report.Waiting))]))]);
    }

    private sealed class Decide
    {
        public static readonly Decide Instance = new();
    }
}
