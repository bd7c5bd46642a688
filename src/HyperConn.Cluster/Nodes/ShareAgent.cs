using Akka.Actor;
using Akka.Cluster;
using HyperConn.Cluster.Protocol;
using HyperConn.Pools;
using HyperConn.Servers;
using Microsoft.Extensions.Logging;
using static Akka.Cluster.ClusterEvent;

namespace HyperConn.Cluster.Nodes;

/// <summary>
/// Speaks for this node: tells the coordinator what its budgets have and need, and the budgets what they are given. One a node.
/// </summary>
internal sealed class ShareAgent : ReceiveActor, IWithTimers
{
    private const string RenewTimer = "renew";
    private const string FlushTimer = "flush";

    // Far below what Akka.Remote takes in one message.
    private const int MaxServersPerReport = 200;

    // Budgets that change together are reported together.
    private static readonly TimeSpan FlushDelay = TimeSpan.FromMilliseconds(5);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly NodeId _self;
    private readonly ClusterRoster _roster;
    private readonly PoolRuntime _runtime;
    private readonly SessionTags _tags;
    private readonly TimeSpan _validity;
    private readonly ILogger _logger;
    private readonly NodeAgreement _agreement;
    private readonly Dictionary<ServerEndpoint, ServerNeed> _needs = [];
    private readonly HashSet<ServerEndpoint> _unreported = [];

    // Servers told of in the term of the coordinator now.
    private readonly HashSet<ServerEndpoint> _told = [];
    private bool _wasHeard;
    private UniqueAddress? _place;

    public ShareAgent(NodeAgreement agreement, PoolRuntime runtime, SessionTags tags, TimeSpan validity, string? role)
    {
        _agreement = agreement;
        _self = ClusterRoster.IdOf(_cluster.SelfUniqueAddress);
        _roster = new ClusterRoster(_cluster.SelfUniqueAddress, role);
        _runtime = runtime;
        _tags = tags;
        _validity = validity;
        _logger = runtime.Loggers.CreateLogger("HyperConn.Cluster");
        Speaking();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of the agent.</summary>
    /// <param name="agreement">What was agreed so far: one that takes over after a crash goes on with it.</param>
    /// <param name="runtime">The pools.</param>
    /// <param name="tags">How sessions say whose they are.</param>
    /// <param name="validity">For how long a share holds.</param>
    /// <param name="role">Members with this role share; null: all members.</param>
    public static Props CreateProps(NodeAgreement agreement, PoolRuntime runtime, SessionTags tags, TimeSpan validity, string? role) =>
        Props.Create(() => new ShareAgent(agreement, runtime, tags, validity, role));

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, SubscriptionInitialStateMode.InitialStateAsSnapshot, ClusterRoster.Events);

        // Three times in the life of a share: one report or answer may be lost.
        Timers.StartPeriodicTimer(RenewTimer, Renew.Instance, TimeSpan.Zero, _validity / 3);
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Speaking()
    {
        Receive<CurrentClusterState>(state =>
        {
            _roster.Set(state);
            Follow();
        });
        Receive<IClusterDomainEvent>(_ => _cluster.SendCurrentClusterState(Self));
        Receive<ServerNeed>(OnNeed);
        Receive<Flush>(_ => SendReports());
        Receive<Renew>(_ => OnRenew());
        Receive<ShareAnswer>(OnAnswer);
        Receive<CoordinatorEnded>(ended => _agreement.Receive(ended, _runtime.Monotonic.Now));
        Receive<CountSessions>(OnCount);
        Receive<GetNodeStatus>(_ => Sender.Tell(Status()));
        Receive<GetCoordinatorStatus>(OnStatusAsked);
    }

    /// <summary>The coordinator, wherever that is; null: nowhere yet.</summary>
    private ActorSelection? Coordinator =>
        _place is { } place ? Context.ActorSelection(new RootActorPath(place.Address) / "user" / ShareCoordinator.Name) : null;

    private void OnStatusAsked(GetCoordinatorStatus question)
    {
        if (Coordinator is { } coordinator)
            coordinator.Tell(question, Sender);
        else
            Sender.Tell(new CoordinatorStatus(_self, 0, "this node is no member of the cluster", [], []));
    }

    /// <summary>Speaks to the coordinator where it is now. One that is new must be told everything.</summary>
    private void Follow()
    {
        var place = _roster.IsUp ? _roster.Place : null;
        if (Equals(place, _place))
            return;
        _place = place;
        OnRenew();
    }

    private void OnNeed(ServerNeed need)
    {
        _needs[need.Server.Endpoint] = need;
        _unreported.Add(need.Server.Endpoint);
        if (!Timers.IsTimerActive(FlushTimer))
            Timers.StartSingleTimer(FlushTimer, Flush.Instance, FlushDelay);
    }

    private void OnRenew()
    {
        NoteSilence();

        // They answer at once, and what they say is sent together. A node without servers says at least that it is there.
        foreach (var server in _runtime.Servers.Values)
            server.Budget.Tell(ReportNeed.Instance);
        Timers.StartSingleTimer(FlushTimer, Flush.Instance, FlushDelay);
    }

    private void SendReports()
    {
        if (Coordinator is not { } coordinator)
            return;
        var now = _runtime.Monotonic.Now;

        // A budget that has not taken its newest share yet says something of the one before: it speaks again when it has.
        var current = _unreported.Where(server => _needs[server].Epoch >= _agreement.EpochOf(server)).ToList();
        _unreported.ExceptWith(current);
        if (current.Count == 0)
        {
            coordinator.Tell(_agreement.Report([], IsWhole, now));
            return;
        }

        foreach (var part in current.Chunk(MaxServersPerReport))
        {
            _told.UnionWith(part);
            coordinator.Tell(_agreement.Report([.. part.Select(server => ReportOf(_needs[server], now))], IsWhole, now));
        }
    }

    private bool IsWhole => _runtime.Servers.Values.All(server => _told.Contains(server.Endpoint));

    private ServerReport ReportOf(ServerNeed need, TimeSpan now) => new(
        need.Server.Endpoint,
        need.Epoch,
        _agreement.ShareOf(need.Server.Endpoint, now),
        need.Held,
        need.InUse,
        need.Opening,
        need.Waiting,
        need.Limit,
        need.IsLimitKnown,
        _runtime.Options.Servers.MaxConcurrentOpens,
        need.Server.Kind != ServerKind.Pooler,
        _agreement.HadHostSessions(need.Server.Endpoint));

    private void OnAnswer(ShareAnswer answer)
    {
        var changed = _agreement.Receive(answer, _runtime.Monotonic.Now, out var isNewTerm);
        foreach (var (server, given) in changed)
        {
            // What an earlier agent of this node asked for may be answered to this one.
            if (_needs.TryGetValue(server, out var need))
                need.Server.Budget.Tell(given);
        }

        if (answer.Term == _agreement.Term)
            NoteHeard();
        if (!isNewTerm)
            return;
        _told.Clear();
        OnRenew();
    }

    private void OnCount(CountSessions question)
    {
        if (!_needs.TryGetValue(question.Server, out var need))
            return;
        var (self, coordinator) = (_self, Sender);
        var failed = new SessionsNotCounted(question.Server, question.Question);
        SessionCounter.CountAsync(_runtime, need.Server, _tags, _agreement.ValidUntil(question.Server)).PipeTo(
            coordinator,
            Self,
            success: counted => counted.IsAnswered ? new SessionsCounted(self, question.Server, question.Question, counted.Sessions) : failed,
            failure: _ => failed);
    }

    private void NoteHeard()
    {
        if (_wasHeard)
            return;
        _wasHeard = true;
        ClusterLog.CoordinatorHeard(_logger, _agreement.Term);
    }

    private void NoteSilence()
    {
        if (!_wasHeard || _agreement.HeardAt is not { } heardAt || _runtime.Monotonic.Now - heardAt < _validity)
            return;
        _wasHeard = false;
        ClusterLog.CoordinatorSilent(_logger, _validity.TotalSeconds);
    }

    private NodeStatus Status()
    {
        var now = _runtime.Monotonic.Now;
        return new NodeStatus(
            _self,
            _tags.Of(_self),
            _agreement.Term,
            _agreement.HeardAt is { } at ? now - at : null,
            [.. _needs.Values.Select(need => ReportOf(need, now))]);
    }

    private sealed class Flush
    {
        public static readonly Flush Instance = new();
    }

    private sealed class Renew
    {
        public static readonly Renew Instance = new();
    }
}
