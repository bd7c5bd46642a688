using Akka.Actor;
using HyperConn.Cluster.Nodes;

namespace HyperConn.Cluster.Operating;

/// <summary>
/// Answers other nodes' questions about this one, and has their operators' commands carried out here. Looks at the agent every second, for who
/// is no actor. One a node, at the same path on each.
/// </summary>
internal sealed class NodeDesk : ReceiveActor, IWithTimers
{
    public const string Name = "hyperconn-node";

    private const string LookTimer = "look";

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // Whoever reads pages asks for the next one at once.
    private static readonly TimeSpan KeepTenants = TimeSpan.FromSeconds(10);

    private readonly DeskParts _parts;
    private readonly NodeReports _reports;
    private readonly Dictionary<long, IReadOnlyList<TenantStatistics>> _lists = [];
    private long _list;

    public NodeDesk(DeskParts parts)
    {
        _parts = parts;
        _reports = new NodeReports(parts.EventsHandled);
        Answering();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of the desk.</summary>
    public static Props CreateProps(DeskParts parts) => Props.Create(() => new NodeDesk(parts));

    protected override void PreStart() => Timers.StartPeriodicTimer(LookTimer, Look.Instance, TimeSpan.Zero, LookInterval);

    private void Answering()
    {
        Receive<Look>(_ => _parts.Agent.Tell(GetNodeStatus.Instance));
        Receive<NodeStatus>(_parts.View.See);
        Receive<AskReport>(_ => Take(taken => new NodeReported(_reports.Of(taken, _parts.View.Seen?.Status))));
        Receive<AskStatistics>(_ => Take(TenantPages.WithoutTenants));
        Receive<AskTenants>(OnAskTenants);
        Receive<Taken>(taken => Sender.Tell(taken.Answer(taken.Statistics)));
        Receive<NotTaken>(OnNotTaken);
        Receive<CarryOut>(OnCarryOut);
        Receive<Forget>(forget => _lists.Remove(forget.List));
    }

    private void OnAskTenants(AskTenants ask)
    {
        if (ask.Offset > 0 && _lists.TryGetValue(ask.List, out var tenants))
        {
            Timers.StartSingleTimer(ask.List, new Forget(ask.List), KeepTenants);
            Sender.Tell(TenantPages.Of(tenants, ask.Offset, ask.List));
            return;
        }

        Take(taken =>
        {
            var list = ++_list;
            var page = TenantPages.Of(taken.Tenants, ask.Offset, list);
            if (page.Next is not null)
            {
                _lists.Add(list, taken.Tenants);
                Timers.StartSingleTimer(list, new Forget(list), KeepTenants);
            }

            return page;
        });
    }

    /// <summary>Has a snapshot taken; what it is made of comes back to this actor, which answers the one who asked.</summary>
    private void Take(Func<HyperConnStatistics, object> answer)
    {
        var asker = Sender;
        _parts.Statistics.GetAsync().AsTask().PipeTo(
            Self,
            asker,
            success: taken => new Taken(taken, answer),
            failure: fault => new NotTaken(fault.GetType().Name));
    }

    private void OnNotTaken(NotTaken fault) => Sender.Tell(new CantAnswer($"The node's statistics can't be had ({fault.Kind})."));

    private void OnCarryOut(CarryOut message)
    {
        if (CommandVerbs.ToCommand(message) is { } command)
            Context.ActorOf(CommandRun.CreateProps(_parts.Supervisor, command, Sender));
        else
            Sender.Tell(new CarriedOut(false, $"This node's version knows no command '{message.Verb}'.", 0));
    }

    private sealed record Taken(HyperConnStatistics Statistics, Func<HyperConnStatistics, object> Answer);

    private sealed record NotTaken(string Kind);

    private sealed class Look
    {
        public static readonly Look Instance = new();
    }

    private sealed record Forget(long List);
}

/// <summary>What a desk works with.</summary>
/// <param name="View">Where it notes what it sees.</param>
/// <param name="Agent">This node's agent.</param>
/// <param name="Supervisor">Carries out commands.</param>
/// <param name="Statistics">This node's statistics.</param>
/// <param name="EventsHandled">Counts the events this process has handled; null: nobody does.</param>
internal sealed record DeskParts(NodeView View, IActorRef Agent, IActorRef Supervisor, IStatisticsSource Statistics, Func<long?>? EventsHandled);
