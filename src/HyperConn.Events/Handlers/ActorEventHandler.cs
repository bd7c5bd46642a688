using Akka.Actor;

namespace HyperConn.Events;

/// <summary>
/// Asks an actor to handle one event, inside the transaction that also holds the inbox row. It answers the sender with
/// <see cref="TenantEventHandled"/> or a <see cref="Status.Failure"/>; or it passes the message on, and whoever is done with it calls
/// <see cref="Acknowledge"/> or <see cref="Fail"/>. The first of these counts.
/// </summary>
/// <remarks>The connection in <see cref="Context"/> is the actor's until then, and not longer; nor after <see cref="Cancellation"/> was
/// cancelled, when the attempt counts as failed. Do the work in a task and pipe its end, so that the mailbox is not held up.</remarks>
public sealed class HandleTenantEvent : INoSerializationVerificationNeeded
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal HandleTenantEvent(TenantEventContext context, CancellationToken cancellation) => (Context, Cancellation) = (context, cancellation);

    /// <summary>The event, and the connection and transaction to use.</summary>
    public TenantEventContext Context { get; }

    /// <summary>Cancelled when the attempt has taken too long, or the deadline of the stop has passed.</summary>
    public CancellationToken Cancellation { get; }

    internal Task End => _end.Task;

    /// <summary>The event is handled: the transaction is committed.</summary>
    public void Acknowledge() => _end.TrySetResult();

    /// <summary>The event is not handled: the transaction is rolled back, and the event retried or rejected as the error says.</summary>
    /// <param name="error">Why, as <see cref="ITenantEventHandler.HandleAsync"/> would throw it.</param>
    public void Fail(Exception error) => _end.TrySetException(error);
}

/// <summary>Answer to <see cref="HandleTenantEvent"/>: the event is handled.</summary>
public sealed record TenantEventHandled
{
    /// <summary>The one there is.</summary>
    public static TenantEventHandled Instance { get; } = new();
}

/// <summary>Has events handled by an actor.</summary>
internal sealed class ActorEventHandler(IActorRef actor) : ITenantEventHandler
{
    public async Task HandleAsync(TenantEventContext context, CancellationToken cancellationToken)
    {
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var message = new HandleTenantEvent(context, cancellationToken);
        // The attempt's own deadline cancels the token.
        var answer = actor.Ask<object>(message, Timeout.InfiniteTimeSpan, asking.Token);
        var first = await Task.WhenAny(message.End, answer).ConfigureAwait(false);
        if (first == answer)
        {
            switch (await answer.ConfigureAwait(false))
            {
                case TenantEventHandled:
                    return;
                case Status.Failure { Cause: { } cause }:
                    throw cause;
                case var other:
                    throw new EventRejectedException(
                        "ActorAnswer", $"The actor answered with a {other.GetType().Name}; it should be TenantEventHandled or Status.Failure.");
            }
        }

        await asking.CancelAsync().ConfigureAwait(false);
        _ = answer.ContinueWith(
            static unused => unused.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        await message.End.ConfigureAwait(false);
    }
}
