using Akka.Configuration;

namespace HyperConn.Cluster.Hosting;

/// <summary>What is set of Akka's, where the user has not.</summary>
internal static class ClusterDefaults
{
    /// <summary>A lost node is noticed within some seconds. Akka's own defaults wait for twenty.</summary>
    public static Config Cluster => ConfigurationFactory.ParseString(
        """
        akka.cluster {
          failure-detector {
            heartbeat-interval = 500ms
            acceptable-heartbeat-pause = 3s
          }
          split-brain-resolver {
            active-strategy = keep-majority
            stable-after = 3s
          }
        }
        """);

    /// <summary>
    /// A node gives back what it has before it leaves, and after its shards have gone elsewhere. Prepended: the first of the two is a phase of
    /// HyperConn's own, and the second only waits for it as well.
    /// </summary>
    public static Config Shutdown => ConfigurationFactory.ParseString(
        """
        akka.coordinated-shutdown.phases {
          hyperconn-drain.depends-on = [cluster-sharding-shutdown-region]
          cluster-leave.depends-on = [cluster-sharding-shutdown-region, hyperconn-drain]
        }
        """);
}
