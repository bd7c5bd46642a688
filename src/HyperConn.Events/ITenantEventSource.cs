namespace HyperConn.Events;

/// <summary>
/// Where events of many tenants come from: a stream, a folder, a queue, a table. One worker reads it, and ends each delivery by exactly one
/// call of <see cref="CompleteAsync"/> or <see cref="AbandonAsync"/>.
/// </summary>
/// <remarks>
/// <para><see cref="ReadAsync"/> is called once. The other methods are called from many threads at once, also while a read waits, and also
/// after it has ended.</para>
/// <para>A source retries by itself what gets better by waiting (its service is away, throttles, or answered with a partial failure). An
/// exception of any of these methods means that going on would lose or double events: the worker stops, hands back what it holds, and
/// reports the exception.</para>
/// <para>A delivery may come again although it was completed, say after a crash in between: the tenant's inbox knows its event by
/// <see cref="IdScope"/> and <see cref="TenantEvent.Id"/>.</para>
/// </remarks>
public interface ITenantEventSource
{
    /// <summary>Short name for metrics and pages: <c>stdin</c>, <c>spool</c>, <c>sqs</c>, <c>outbox</c>. One of a kind in a
    /// process.</summary>
    string Name { get; }

    /// <summary>
    /// What makes the ids of this source unlike those of any other, 1 to 256 characters: two events with the same scope, id and tenant are
    /// one. It outlives the process: a queue's name, a table's name; <c>lines</c> for lines of JSON wherever they come from.
    /// </summary>
    string IdScope { get; }

    /// <summary>Whether a tenant's events are to be handled one after the other, in the order of <see cref="ReadAsync"/>, unless
    /// the worker's settings say otherwise.</summary>
    bool IsOrdered { get; }

    /// <summary>Whether what is handed back comes again, in this process or the next. False: it is gone, and the worker reports it as
    /// lost.</summary>
    bool Redelivers { get; }

    /// <summary>How often <see cref="ExtendAsync"/> is wanted for deliveries that are worked on or wait; null: never.</summary>
    TimeSpan? ExtendEvery { get; }

    /// <summary>
    /// Hands out deliveries until there are no more or the token is cancelled; both end the sequence without an exception. After the
    /// cancellation it may still hand out what it has taken already; that is handed back at once.
    /// </summary>
    /// <param name="stop">Ends the reading.</param>
    /// <returns>The deliveries. While the worker has enough, it asks for no more.</returns>
    IAsyncEnumerable<TenantDelivery> ReadAsync(CancellationToken stop);

    /// <summary>A delivery is done with for good: handled, a duplicate, or rejected. The source lets go of it, or keeps it where
    /// rejected ones are kept.</summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="cancellationToken">Cancelled only when the process must end.</param>
    /// <returns>A task that ends when the source has noted it; it need not be durable before <see cref="FlushAsync"/>.</returns>
    ValueTask CompleteAsync(TenantDelivery delivery, EventOutcome outcome, CancellationToken cancellationToken);

    /// <summary>A delivery is not done with: the source hands it out again, here or to another process, soon.</summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="cancellationToken">Cancelled only when the process must end.</param>
    /// <returns>A task that ends when the source has noted it.</returns>
    ValueTask AbandonAsync(TenantDelivery delivery, CancellationToken cancellationToken);

    /// <summary>Deliveries are still worked on, or wait for their turn or for a retry: the source keeps them from others.</summary>
    /// <param name="deliveries">All of this source that are not ended.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>A task that ends when it is done; a fault that may pass is no exception.</returns>
    ValueTask ExtendAsync(IReadOnlyCollection<TenantDelivery> deliveries, CancellationToken cancellationToken);

    /// <summary>What the source knows about what waits, at once and without asking anybody.</summary>
    /// <returns>The statistics.</returns>
    EventSourceStatistics GetStatistics();

    /// <summary>Makes durable what is buffered: batched deletes, positions, rejected lines. Called at the stop, and in between as the
    /// source likes.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>A task that ends when it is done.</returns>
    ValueTask FlushAsync(CancellationToken cancellationToken);
}
