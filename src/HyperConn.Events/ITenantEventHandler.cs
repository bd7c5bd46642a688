namespace HyperConn.Events;

/// <summary>What is done with an event. Called from many threads at once, but for one tenant one at a time where its order is
/// kept.</summary>
public interface ITenantEventHandler
{
    /// <summary>
    /// Handles one event on its tenant's database, inside the transaction that also holds the inbox row. It is committed when the method
    /// returns, and rolled back when it throws.
    /// </summary>
    /// <remarks>
    /// An exception that may pass (a <see cref="System.Data.Common.DbException"/> that is transient, a time-out, I/O, an
    /// <see cref="EventRetryException"/>) is retried; any other, such as <see cref="EventRejectedException"/>, rejects the event. Effects
    /// outside the database are the handler's own care: the method may run again.
    /// </remarks>
    /// <param name="context">The event, and the connection and transaction to use.</param>
    /// <param name="cancellationToken">Cancelled when the attempt has taken too long, or the deadline of the stop has passed.</param>
    /// <returns>A task that ends when the event is handled.</returns>
    Task HandleAsync(TenantEventContext context, CancellationToken cancellationToken);
}
