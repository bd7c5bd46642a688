using HyperConn.Events;

namespace HyperConn;

/// <summary>Sends tenants' events to the node that has the tenant. Registered by <c>services.AddTenantShards()</c>; thread-safe.</summary>
public interface ITenantShards
{
    /// <summary>
    /// Has an event handled on its tenant's node: one transaction with the inbox row, as a worker there would do it. While nothing is heard of it, and
    /// while it fails for a reason that may pass, it is sent again, for <see cref="TenantEventOptions.RetryFor"/>.
    /// </summary>
    /// <remarks>
    /// Ids are in the inbox under the scope <c>shards</c>: the same tenant and id sent again, from whatever node, is the same event and takes effect
    /// once. One caller's events keep their order if it waits for each before it sends the next.
    /// </remarks>
    /// <param name="event">The event. Together with its texts it must fit into one message of Akka.Remote.</param>
    /// <param name="cancellationToken">Ends the waiting. The event may still take effect.</param>
    /// <returns>How it ended: handled, a duplicate, or rejected for a reason that lasts, such as an exception of the handler's
    /// (<see cref="EventOutcome.Code"/>), or <c>EventTooLarge</c>.</returns>
    /// <exception cref="EventRetryException">It was tried for long enough; sent again later, it may be handled. The code is <c>NoAnswer</c> when the
    /// tenant's node was not heard, <c>AttemptTimeout</c> when one attempt took longer than <see cref="TenantEventOptions.AttemptTimeout"/>, or the
    /// last attempt's. The event may have taken effect, or still take it, once.</exception>
    /// <exception cref="HyperConnException"><see cref="HyperConnErrorCode.NotConfigured"/>: neither <c>WithTenantSharding</c> nor
    /// <c>WithTenantShardingProxy</c> was called, or the actor system has not started. <see cref="HyperConnErrorCode.ShuttingDown"/>: this node ends
    /// before the event was answered.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<EventOutcome> SendAsync(TenantEvent @event, CancellationToken cancellationToken = default);
}
