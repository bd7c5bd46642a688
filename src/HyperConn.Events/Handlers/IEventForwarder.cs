namespace HyperConn.Events;

/// <summary>Has events handled elsewhere, inbox and all: no connection of the tenant is opened here.</summary>
internal interface IEventForwarder
{
    /// <summary>Has one attempt at an event made.</summary>
    /// <param name="event">The event.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="place">Where it stands, for people.</param>
    /// <param name="attempt">Which attempt this is, from 1; tries the source knows of are counted.</param>
    /// <param name="cancellationToken">Ends the waiting. What was begun elsewhere may still take effect.</param>
    /// <returns>What <see cref="EventAttempt"/> would say.</returns>
    /// <exception cref="Exception">The attempt failed, as <see cref="EventFault"/> understands it.</exception>
    Task<EventResult> ForwardAsync(TenantEvent @event, EventOrigin origin, string place, int attempt, CancellationToken cancellationToken);
}
