using Akka.Hosting;
using HyperConn.Cluster.Hosting;
using HyperConn.Cluster.Protocol;
using HyperConn.Cluster.Serialization;

namespace HyperConn;

/// <summary>Has several processes share each server's budget of connections.</summary>
public static class HyperConnClusterAkkaExtensions
{
    /// <summary>
    /// Makes the limit of each PostgreSQL server one for all nodes of the cluster: a coordinator gives each node that needs some its equal share, what
    /// one doesn't use serves the others, and never are there more sessions than the limit, whatever node is killed, stopped or cut off.
    /// </summary>
    /// <remarks>
    /// Call it after <c>WithClustering(…)</c> and <c>WithHyperConn()</c>. A node that is not a member of the cluster opens no connections: give seed
    /// nodes, or use Akka's discovery. Every session carries the node's number at the end of its <c>application_name</c>.
    /// <para>
    /// These defaults of Akka are given, and your own win: <c>akka.cluster.failure-detector.heartbeat-interval = 500ms</c>,
    /// <c>akka.cluster.split-brain-resolver.stable-after = 7s</c> with <c>down-all-when-unstable = 20s</c> and <c>keep-majority</c>. Pools are drained
    /// before the node leaves the cluster.
    /// </para>
    /// <para>
    /// Each node answers the others' questions at <c>/user/hyperconn-node</c>. <c>services.AddHyperConnCluster()</c> adds <see cref="IHyperConnNodes"/>,
    /// which asks them, and metrics; <c>services.AddHealthChecks().AddHyperConnCluster()</c> a health check.
    /// </para>
    /// </remarks>
    /// <param name="builder">The Akka builder.</param>
    /// <param name="configure">Settings in code.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="HyperConnException">At start, with <see cref="HyperConnErrorCode.NotConfigured"/>, when the actor system is not clustered,
    /// <c>WithHyperConn()</c> was not called before, or a setting is out of range.</exception>
    public static AkkaConfigurationBuilder WithHyperConnCluster(
        this AkkaConfigurationBuilder builder, Action<HyperConnClusterOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddHocon(ClusterDefaults.Cluster, HoconAddMode.Append);
        builder.AddHocon(ClusterDefaults.Shutdown, HoconAddMode.Prepend);
        builder.WithCustomSerializer("hyperconn-cluster", [typeof(IShareMessage)], system => new ShareSerializer(system));
        return builder.WithActors((system, registry, resolver) => ClusterStart.Start(system, registry, resolver, configure));
    }
}
