using HyperConn;
using HyperConn.Cluster.Sharding;
using HyperConn.Events;
using Microsoft.Extensions.DependencyInjection.Extensions;

// Where users of a container look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the sending of events to their tenants' nodes in a container.</summary>
public static class TenantShardingServiceCollectionExtensions
{
    /// <summary>Adds <see cref="ITenantShards"/>. Needs <c>AddHyperConn</c>, and <c>WithTenantSharding</c> or <c>WithTenantShardingProxy</c> on the
    /// Akka builder.</summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">How events are handled: inbox, retries and time-outs, the same on all nodes. May be given in several calls.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddTenantShards(this IServiceCollection services, Action<TenantEventOptions>? configure = null)
    {
        services.AddTenantEventWorker(configure);
        services.TryAddSingleton<TenantShards>();
        services.TryAddSingleton<ITenantShards>(provider => provider.GetRequiredService<TenantShards>());
        return services;
    }

    /// <summary>
    /// Adds the worker, which reads the registered <see cref="ITenantEventSource"/> and has its events handled on their tenants' nodes; it opens no
    /// connection of theirs here. Order, retries, and how deliveries end are the worker's, as ever. Adds <see cref="ITenantShards"/>, too.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="types">Types of events that are sent; none: all that have no handler of their own on this node.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddShardedTenantEvents(this IServiceCollection services, params string[] types)
    {
        services.AddTenantShards();
        services.AddTenantEvents();
        return services.AddForwarder<TenantShards>(types);
    }
}
