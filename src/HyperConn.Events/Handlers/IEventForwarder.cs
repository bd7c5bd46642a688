namespace HyperConn.Events;

/// <summary>Has events handled elsewhere, inbox and all: no connection of the tenant is opened here.</summary>
internal interface IEventForwarder
{
    /// <summary>Has one attempt at an event made.</summary>
    /// <param name="work">The event.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="cancellationToken">Ends the waiting. What was begun elsewhere may still take effect.</param>
    /// <returns>What <see cref="EventAttempt"/> would say.</returns>
    /// <exception cref="Exception">The attempt failed, as <see cref="EventFault"/> understands it.</exception>
    Task<EventResult> ForwardAsync(EventWork work, EventOrigin origin, CancellationToken cancellationToken);
}
