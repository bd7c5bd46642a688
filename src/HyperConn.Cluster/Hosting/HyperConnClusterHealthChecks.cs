using HyperConn;
using HyperConn.Cluster.Diagnostics;
using HyperConn.Cluster.Operating;
using Microsoft.Extensions.Diagnostics.HealthChecks;

// Where ASP.NET Core users look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds this node's place in the cluster to the application's health checks.</summary>
public static class HyperConnClusterHealthChecks
{
    /// <summary>
    /// Adds <c>hyperconn-cluster</c> (tags <c>ready</c> and <c>hyperconn</c>), and what <c>services.AddHyperConnCluster()</c> adds. It opens no connection.
    /// <list type="bullet">
    /// <item><description>Healthy: this node has heard the coordinator of connection budgets within <c>share-validity</c>, and it decides.</description></item>
    /// <item><description>Degraded: it was not heard for longer, or decides nothing, and why. What is open goes on; new connections may have to wait.</description></item>
    /// <item><description>Unhealthy: this node is no member of the cluster (not <c>Up</c>), or the coordinator was not heard for longer than
    /// <see cref="HyperConnClusterHealthOptions.MaxSilence"/>.</description></item>
    /// </list>
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="configure">Changes what is tolerated.</param>
    /// <returns>The same builder.</returns>
    public static IHealthChecksBuilder AddHyperConnCluster(this IHealthChecksBuilder builder, Action<HyperConnClusterHealthOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new HyperConnClusterHealthOptions();
        configure?.Invoke(options);
        builder.Services.AddHyperConnCluster();
        return builder.Add(new HealthCheckRegistration(
            "hyperconn-cluster",
            services => new ClusterCheck(services.GetRequiredService<NodeView>(), options),
            HealthStatus.Unhealthy,
            [HyperConnHealthChecks.Ready, "hyperconn"]));
    }
}
