using Akka.Configuration;

namespace HyperConn.Cluster.Hosting;

/// <summary>What is set of Akka's, where the user has not.</summary>
internal static class ClusterDefaults
{
    /// <summary>
    /// A lost node is removed after some ten seconds; Akka's own default is twenty more. What it had is free before that. All nodes are downed after
    /// twenty-seven seconds without rest among them: Akka would derive twelve of this stable-after, and two nodes in trouble one after the other take longer.
    /// </summary>
    public static Config Cluster => ConfigurationFactory.ParseString(
        """
        akka.cluster {
          failure-detector.heartbeat-interval = 500ms
          split-brain-resolver {
            active-strategy = keep-majority
            stable-after = 7s
            down-all-when-unstable = 20s
          }
        }
        """);

    /// <summary>
    /// A node gives back what it has before it leaves, and after its shards have gone elsewhere, by which its own workers have sent until they ended.
    /// Prepended: one is a phase of HyperConn's own, and the others only wait for its as well.
    /// </summary>
    public static Config Shutdown => ConfigurationFactory.ParseString(
        """
        akka.coordinated-shutdown.phases {
          cluster-sharding-shutdown-region.depends-on = [before-cluster-shutdown, hyperconn-workers]
          hyperconn-drain.depends-on = [cluster-sharding-shutdown-region]
          cluster-leave.depends-on = [cluster-sharding-shutdown-region, hyperconn-drain]
        }
        """);
}
