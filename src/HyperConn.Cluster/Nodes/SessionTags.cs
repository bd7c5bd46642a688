using System.Security.Cryptography;
using System.Text;
using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Nodes;

/// <summary>
/// What sessions have at the end of their <c>application_name</c>: <c>hc-</c>, six digits for the cluster, eight for the node. Two clusters on
/// one server tell their own sessions from the other's by the first.
/// </summary>
internal sealed class SessionTags(string cluster)
{
    private readonly string _cluster = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(cluster)))[..6];

    /// <summary>Digits of a node.</summary>
    public const int NodeDigits = 8;

    /// <summary>The tag of a node's sessions.</summary>
    public string Of(NodeId node) => $"hc-{_cluster}-{node.Tag}";

    /// <summary>Names with a tag of this cluster, for LIKE.</summary>
    public string Pattern => $"% hc-{_cluster}-{new string('_', NodeDigits)}";
}
