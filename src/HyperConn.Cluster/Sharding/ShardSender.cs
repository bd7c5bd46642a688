using Akka.Actor;
using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Events;
using HyperConn.Primitives;

namespace HyperConn.Cluster.Sharding;

/// <summary>
/// Sends events to their tenants' nodes until they are answered: what was lost on the way, with a node or during a hand-off is sent again. One a node.
/// </summary>
internal sealed class ShardSender : ReceiveActor, IWithTimers
{
    /// <summary>Code of an attempt that nothing was heard of.</summary>
    public const string NoAnswer = "NoAnswer";

    private const string LookTimer = "look";

    /// <summary>So often in the time after which an attempt fails; it is looked ten times as often whether one is due.</summary>
    public const int SendsPerTimeout = 5;

    private readonly SentEvents _sent;
    private readonly IActorRef _region;
    private readonly MonotonicClock _clock;
    private readonly TimeSpan _timeout;

    public ShardSender(SentEvents sent, IActorRef region, MonotonicClock clock, TimeSpan timeout)
    {
        (_sent, _region, _clock, _timeout) = (sent, region, clock, timeout);
        Sending();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of the sender.</summary>
    /// <param name="sent">What is open.</param>
    /// <param name="region">The region of shards, or the proxy of one.</param>
    /// <param name="clock">Clock.</param>
    /// <param name="timeout">For how long nothing may be heard of an attempt.</param>
    public static Props CreateProps(SentEvents sent, IActorRef region, MonotonicClock clock, TimeSpan timeout) =>
        Props.Create(() => new ShardSender(sent, region, clock, timeout));

    protected override void PreStart()
    {
        Context.Watch(_region);
        Timers.StartPeriodicTimer(LookTimer, Look.Instance, _timeout / (SendsPerTimeout * 10));
    }

    protected override void PostStop() => _sent.End();

    // After a fault it goes on with what is open.
    protected override void PreRestart(Exception reason, object message)
    {
    }

    private void Sending()
    {
        Receive<Begin>(OnBegin);
        Receive<Look>(_ => OnLook());
        Receive<EventEnded>(ended => _sent.Take(ended.Number)?.End.TrySetResult(ended.Result));
        Receive<EventFailed>(OnFailed);
        Receive<EventUnderWay>(OnUnderWay);
        Receive<EventNotBegun>(OnNotBegun);

        // It ends when this node leaves.
        Receive<Terminated>(_ => Context.Stop(Self));
    }

    private void OnBegin(Begin begin)
    {
        if (_sent.Find(begin.Number) is not { } sent)
            return;
        sent.HeardAt = _clock.Now;
        Send(sent);
    }

    private void OnLook()
    {
        var now = _clock.Now;
        foreach (var sent in _sent.Open)
        {
            // One that has only been added has its first message still to come.
            if (sent.DueAt == default)
                continue;
            if (now - sent.HeardAt >= _timeout)
                Fail(sent.Message.Number, Silence());
            else if (now >= sent.DueAt)
                Send(sent);
        }
    }

    private void Send(SentEvent sent)
    {
        sent.DueAt = _clock.Now + (_timeout / SendsPerTimeout);
        _region.Tell(sent.Message);
    }

    private void OnFailed(EventFailed failed) =>
        Fail(failed.Number, new EventFault(failed.Code, failed.Message, failed.IsTransient, failed.IsAway));

    private void OnUnderWay(EventUnderWay underWay)
    {
        if (_sent.Find(underWay.Number) is not { } sent)
            return;
        sent.HeardAt = _clock.Now;

        // What is heard of need not be sent again, and could be begun a second time where the tenant has moved.
        sent.DueAt = sent.HeardAt + (_timeout / SendsPerTimeout);
    }

    // With the next look: where it goes may have to be found out first.
    private void OnNotBegun(EventNotBegun notBegun)
    {
        if (_sent.Find(notBegun.Number) is { } sent)
            sent.DueAt = _clock.Now;
    }

    private void Fail(long number, EventFault fault) => _sent.Take(number)?.End.TrySetException(new ForwardedFaultException(fault));

    private EventFault Silence() => new(
        NoAnswer,
        $"Nothing was heard of the event for {_timeout.TotalSeconds:0.#} s: its tenant's node is lost or not yet found, or no node handles events.",
        IsTransient: true,
        IsAway: true);

    /// <summary>One more is open.</summary>
    internal sealed record Begin(long Number) : INoSerializationVerificationNeeded;

    private sealed class Look
    {
        public static readonly Look Instance = new();
    }
}
