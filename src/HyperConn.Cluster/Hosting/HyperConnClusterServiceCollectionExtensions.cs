using System.Diagnostics.Metrics;
using HyperConn;
using HyperConn.Cluster.Diagnostics;
using HyperConn.Cluster.Operating;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

// Where users of a container look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds what operates all nodes of a cluster as one.</summary>
public static class HyperConnClusterServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IHyperConnNodes"/> and the metrics <c>hyperconn.cluster.*</c> of the meter <see cref="HyperConnTelemetry.MeterName"/>. They have
    /// nothing to show before an actor system with <c>WithHyperConnCluster()</c> has started on the same container. May be called more than once.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddHyperConnCluster(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(provider => new NodeView(provider.GetService<TimeProvider>() ?? TimeProvider.System));
        services.TryAddSingleton<IHyperConnNodes>(provider => new AskedNodes(
            provider.GetRequiredService<NodeView>(), provider.GetService<TimeProvider>() ?? TimeProvider.System));
        services.TryAddSingleton(provider => new ClusterMeter(provider.GetRequiredService<NodeView>(), provider.GetService<IMeterFactory>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ClusterMeterStart>());
        return services;
    }

    /// <summary>Instruments nobody resolved would not exist.</summary>
    private sealed class ClusterMeterStart(ClusterMeter meter) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            GC.KeepAlive(meter);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
