using Akka.Actor;

namespace HyperConn.Host.Workers;

/// <summary>
/// An application's actor: asks for the tenant's pool, lets a handler use it, and answers who sent the event. It keeps nothing between
/// messages, so that any number of events may be under way.
/// </summary>
internal sealed class TenantEventActor : ReceiveActor
{
    private readonly IActorRef _pools;
    private readonly ITenantEventHandler _handler;
    private readonly TimeSpan _patience;

    /// <param name="pools">The pool supervisor.</param>
    /// <param name="handler">What is done with events.</param>
    /// <param name="patience">Longest time to wait for the supervisor's answer.</param>
    public TenantEventActor(IActorRef pools, ITenantEventHandler handler, TimeSpan patience)
    {
        (_pools, _handler, _patience) = (pools, handler, patience);
        Ready();
    }

    private void Ready()
    {
        Receive<HandleEvent>(OnEvent);
        Receive<PoolAnswered>(OnPoolAnswered);
        Receive<Ended>(OnEnded);
    }

    private void OnEvent(HandleEvent message)
    {
        var (work, sender) = (message.Event, Sender);
        _pools.Ask<PoolReply>(new GetPool(work.Tenant), _patience).PipeTo(
            Self,
            success: reply => new PoolAnswered(work, reply, sender),
            failure: error => new Ended(EventOutcome.Of(error), sender));
    }

    private void OnPoolAnswered(PoolAnswered message)
    {
        if (message.Reply is not PoolReady ready)
        {
            message.Sender.Tell(EventOutcome.Of(((PoolUnavailable)message.Reply).Reason));
            return;
        }

        var sender = message.Sender;
        _handler.HandleAsync(ready.DataSource, message.Event).PipeTo(
            Self,
            success: outcome => new Ended(outcome, sender),
            failure: error => new Ended(EventOutcome.Of(error), sender));
    }

    private void OnEnded(Ended message) => message.Sender.Tell(message.Outcome);

    private sealed record PoolAnswered(TenantEvent Event, PoolReply Reply, IActorRef Sender) : INoSerializationVerificationNeeded;

    private sealed record Ended(EventOutcome Outcome, IActorRef Sender) : INoSerializationVerificationNeeded;
}
