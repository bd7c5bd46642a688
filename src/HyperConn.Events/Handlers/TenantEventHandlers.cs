namespace HyperConn.Events;

/// <summary>Which handler is for which type of event.</summary>
internal sealed class TenantEventHandlers
{
    private readonly Dictionary<string, HandlerRegistration> _byType = new(StringComparer.Ordinal);

    public TenantEventHandlers(IEnumerable<HandlerRegistration> registrations)
    {
        foreach (var registration in registrations)
            Add(registration);
    }

    /// <summary>Adds a handler, before the first event.</summary>
    /// <exception cref="HyperConnException">There is one for that type already.</exception>
    public void Add(HandlerRegistration registration)
    {
        foreach (var type in registration.Types)
        {
            if (!_byType.TryAdd(type, registration))
            {
                throw new HyperConnException(new HyperConnFailure(
                    HyperConnErrorCode.NotConfigured, $"Two handlers are registered for events of type '{type}'. Name the types each is for."));
            }
        }
    }

    /// <summary>The handler for a type, or the default one; null: none.</summary>
    public HandlerRegistration? Find(string type) => _byType.GetValueOrDefault(type) ?? _byType.GetValueOrDefault(TenantEvent.DefaultType);
}

/// <summary>A handler and the types it is for.</summary>
/// <param name="Types">The types; <see cref="TenantEvent.DefaultType"/>: all that have no handler of their own.</param>
/// <param name="Instance">The handler; null: it is resolved for each event.</param>
/// <param name="Resolve">Resolves it from a scope of the container.</param>
/// <param name="Forwarder">Has the events handled elsewhere; null: they are handled here.</param>
internal sealed record HandlerRegistration(
    IReadOnlyCollection<string> Types,
    ITenantEventHandler? Instance,
    Func<IServiceProvider, ITenantEventHandler>? Resolve = null,
    IEventForwarder? Forwarder = null)
{
    public static IReadOnlyCollection<string> Named(string[] types) => types.Length == 0 ? [TenantEvent.DefaultType] : types;
}
