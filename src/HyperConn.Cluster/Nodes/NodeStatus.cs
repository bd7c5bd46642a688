using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Nodes;

/// <summary>Asks the agent for its <see cref="NodeStatus"/>.</summary>
internal sealed record GetNodeStatus
{
    public static readonly GetNodeStatus Instance = new();
}

/// <summary>How this node stands with the others.</summary>
/// <param name="Node">The node.</param>
/// <param name="Tag">The end of its sessions' <c>application_name</c>.</param>
/// <param name="Term">The coordinator's term; 0: none was heard yet.</param>
/// <param name="Silence">How long ago the coordinator was heard; null: never.</param>
/// <param name="Servers">What it has and needs of each server.</param>
internal sealed record NodeStatus(NodeId Node, string Tag, long Term, TimeSpan? Silence, IReadOnlyList<ServerReport> Servers);
