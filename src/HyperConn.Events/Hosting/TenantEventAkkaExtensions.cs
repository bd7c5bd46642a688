using Akka.Hosting;

namespace HyperConn.Events;

/// <summary>Has tenants' events handled by actors.</summary>
public static class TenantEventAkkaExtensions
{
    /// <summary>
    /// Sends events to the actor registered under <typeparamref name="TKey"/>, each as a <see cref="HandleTenantEvent"/>. Call it after the
    /// call that registers the actor; needs <c>AddTenantEvents</c> on the same container.
    /// </summary>
    /// <typeparam name="TKey">Key of the actor in the registry.</typeparam>
    /// <param name="builder">The Akka builder.</param>
    /// <param name="types">Types of events it is for; none: all that have no handler of their own.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="HyperConnException">At start, with <see cref="HyperConnErrorCode.NotConfigured"/>, when <c>AddTenantEvents</c>
    /// was not
    /// called, or two handlers are for the same type.</exception>
    public static AkkaConfigurationBuilder WithTenantEvents<TKey>(this AkkaConfigurationBuilder builder, params string[] types)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(types);
        return builder.WithActors((_, registry, resolver) =>
        {
            var handlers = resolver.GetService<TenantEventHandlers>() ?? throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured, "WithTenantEvents() needs services.AddTenantEvents(...) on the same container."));
            handlers.Add(new HandlerRegistration(HandlerRegistration.Named(types), new ActorEventHandler(registry.Get<TKey>())));
        });
    }
}
