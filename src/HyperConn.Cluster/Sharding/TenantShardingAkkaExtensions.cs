using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.DistributedData;
using Akka.Hosting;
using HyperConn.Cluster.Hosting;
using HyperConn.Cluster.Serialization;
using HyperConn.Cluster.Sharding;
using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Events;

namespace HyperConn;

/// <summary>Has each tenant's events handled on one node, so that only one has a pool for it.</summary>
public static class TenantShardingAkkaExtensions
{
    // What is worked on when the node leaves has as long as in any other hand-off.
    private const string Shutdown = "akka.coordinated-shutdown.phases.cluster-sharding-shutdown-region.timeout = 60s";

    /// <summary>
    /// Deals the tenants out to the nodes of the cluster (Akka.Cluster.Sharding) and handles the events of those this node has: each in one transaction
    /// with its inbox row, one tenant's one after the other. Events are sent by <see cref="ITenantShards"/>, or by a worker with
    /// <c>services.AddShardedTenantEvents()</c>, on any node.
    /// </summary>
    /// <remarks>
    /// Call it after <c>WithClustering(…)</c>, <c>WithHyperConn()</c> and, where there is one, <c>WithHyperConnCluster()</c>; needs
    /// <c>services.AddTenantShards()</c>. Inbox and the time for an attempt are as <see cref="TenantEventOptions"/> say, which should be the same on
    /// all nodes. When the node leaves, what it has begun is ended first, for up to 60 seconds.
    /// </remarks>
    /// <typeparam name="THandler">What is done with events; registered in the container, and resolved for each event from a scope of its own.</typeparam>
    /// <param name="builder">The Akka builder.</param>
    /// <param name="configure">Settings in code.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="HyperConnException">At start, with <see cref="HyperConnErrorCode.NotConfigured"/>, when a call named above is missing, the
    /// handler is not in the container, or a setting is out of range.</exception>
    public static AkkaConfigurationBuilder WithTenantSharding<THandler>(
        this AkkaConfigurationBuilder builder, Action<TenantShardingOptions>? configure = null)
        where THandler : class, ITenantEventHandler
    {
        AddParts(builder);
        return builder.WithActors((system, _, resolver) => ShardingStart.StartRegion<THandler>(system, resolver, configure));
    }

    /// <summary>Sends events to the nodes that have tenants, and has none itself: for nodes without the handler.</summary>
    /// <remarks>Call it after <c>WithClustering(…)</c> and <c>WithHyperConn()</c>; needs <c>services.AddTenantShards()</c> and
    /// <see cref="TenantShardingOptions.Role"/>.</remarks>
    /// <param name="builder">The Akka builder.</param>
    /// <param name="configure">Settings in code.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="HyperConnException">At start, with <see cref="HyperConnErrorCode.NotConfigured"/>, when a call named above or the role is
    /// missing, or a setting is out of range.</exception>
    public static AkkaConfigurationBuilder WithTenantShardingProxy(
        this AkkaConfigurationBuilder builder, Action<TenantShardingOptions>? configure = null)
    {
        AddParts(builder);
        return builder.WithActors((system, _, resolver) => ShardingStart.StartProxy(system, resolver, configure));
    }

    private static void AddParts(AkkaConfigurationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddHocon(ConfigurationFactory.ParseString(Shutdown), HoconAddMode.Append);
        builder.AddHocon(ClusterDefaults.Shutdown, HoconAddMode.Prepend);
        builder.AddHocon(ClusterSharding.DefaultConfig().WithFallback(DistributedData.DefaultConfig()), HoconAddMode.Append);
        builder.WithCustomSerializer("hyperconn-sharding", [typeof(IShardMessage)], system => new TenantShardSerializer(system));
    }
}
