using Akka.Actor;
using HyperConn.Cluster.Protocol;
using HyperConn.Pools;
using HyperConn.Servers;
using Microsoft.Extensions.Logging;

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

    private readonly NodeId _self;
    private readonly IActorRef _coordinator;
    private readonly PoolRuntime _runtime;
    private readonly SessionTags _tags;
    private readonly TimeSpan _validity;
    private readonly ILogger _logger;
    private readonly NodeAgreement _agreement;
    private readonly Dictionary<ServerEndpoint, ServerNeed> _needs = [];
    private readonly HashSet<ServerEndpoint> _unreported = [];
    private bool _wasHeard;

    public ShareAgent(NodeId self, IActorRef coordinator, PoolRuntime runtime, SessionTags tags, TimeSpan validity)
    {
        _self = self;
        _coordinator = coordinator;
        _runtime = runtime;
        _tags = tags;
        _validity = validity;
        _logger = runtime.Loggers.CreateLogger("HyperConn.Cluster");

        // One that takes over after a crash goes on above the numbers of its predecessor, which sent no report in each tick of the clock.
        _agreement = new NodeAgreement(self, runtime.Monotonic.Now.Ticks);
        Speaking();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of the agent.</summary>
    /// <param name="self">This node.</param>
    /// <param name="coordinator">The coordinator, wherever it is: a proxy.</param>
    /// <param name="runtime">The pools.</param>
    /// <param name="tags">How sessions say whose they are.</param>
    /// <param name="validity">For how long a share holds.</param>
    public static Props CreateProps(NodeId self, IActorRef coordinator, PoolRuntime runtime, SessionTags tags, TimeSpan validity) =>
        Props.Create(() => new ShareAgent(self, coordinator, runtime, tags, validity));

    protected override void PreStart()
    {
        // Three times in the life of a share: one report or answer may be lost.
        Timers.StartPeriodicTimer(RenewTimer, Renew.Instance, TimeSpan.Zero, _validity / 3);
    }

    private void Speaking()
    {
        Receive<ServerNeed>(OnNeed);
        Receive<Flush>(_ => SendReports());
        Receive<Renew>(_ => OnRenew());
        Receive<ShareAnswer>(OnAnswer);
        Receive<CountSessions>(OnCount);
        Receive<GetNodeStatus>(_ => Sender.Tell(Status()));
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
        foreach (var need in _needs.Values)
            need.Server.Budget.Tell(ReportNeed.Instance);
        Timers.StartSingleTimer(FlushTimer, Flush.Instance, FlushDelay);
    }

    private void SendReports()
    {
        var now = _runtime.Monotonic.Now;
        var servers = _unreported.Select(server => ReportOf(_needs[server], now)).ToList();
        _unreported.Clear();
        if (servers.Count == 0)
        {
            _coordinator.Tell(_agreement.Report([], now));
            return;
        }

        foreach (var part in servers.Chunk(MaxServersPerReport))
            _coordinator.Tell(_agreement.Report(part, now));
    }

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
        need.Server.Kind != ServerKind.Pooler);

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
        if (isNewTerm)
            OnRenew();
    }

    private void OnCount(CountSessions question)
    {
        if (!_needs.TryGetValue(question.Server, out var need))
            return;
        var (self, coordinator) = (_self, Sender);
        SessionCounter.CountAsync(_runtime, need.Server, _tags, _agreement.ValidUntil(question.Server)).PipeTo(
            coordinator,
            Self,
            success: counted => counted.IsAnswered ? new SessionsCounted(self, question.Server, question.Question, counted.Sessions) : NotCounted.Instance,
            failure: _ => NotCounted.Instance);
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
