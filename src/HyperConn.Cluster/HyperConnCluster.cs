namespace HyperConn;

/// <summary>Key of this node's agent in the cluster in Akka.Hosting's <c>ActorRegistry</c>.</summary>
public sealed class HyperConnCluster
{
    private HyperConnCluster()
    {
    }
}
