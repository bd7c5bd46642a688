using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Nodes;

/// <summary>Asks the coordinator for its <see cref="CoordinatorStatus"/>.</summary>
internal sealed record GetCoordinatorStatus : IShareMessage
{
    public static readonly GetCoordinatorStatus Instance = new();
}

/// <summary>How all nodes stand, as the coordinator sees them.</summary>
/// <param name="Coordinator">Where it is.</param>
/// <param name="Term">Its term.</param>
/// <param name="WhyNot">Why it decides nothing now; null: it decides.</param>
/// <param name="Members">The nodes.</param>
/// <param name="Servers">Who has what.</param>
internal sealed record CoordinatorStatus(
    NodeId Coordinator, long Term, string? WhyNot, IReadOnlyList<MemberStatus> Members, IReadOnlyList<SharedServer> Servers) : IShareMessage;

/// <summary>A node.</summary>
/// <param name="Node">The node.</param>
/// <param name="Status">Akka's word for its state, such as <c>Up</c>.</param>
/// <param name="IsHeard">Whether it spoke lately.</param>
internal sealed record MemberStatus(NodeId Node, string Status, bool IsHeard);

/// <summary>A server and who has what of it.</summary>
/// <param name="Server">The server.</param>
/// <param name="Limit">Connections all nodes together may have.</param>
/// <param name="Elsewhere">What is kept for sessions of nodes that are not heard.</param>
/// <param name="Parts">The nodes' parts.</param>
internal sealed record SharedServer(ServerEndpoint Server, int Limit, int Elsewhere, IReadOnlyList<SharedPart> Parts);

/// <summary>A node's part of a server.</summary>
/// <param name="Node">The node.</param>
/// <param name="Share">What it may have.</param>
/// <param name="Held">What it has.</param>
/// <param name="InUse">What of that is under a lease.</param>
/// <param name="Waiting">What callers wait for.</param>
internal sealed record SharedPart(NodeId Node, int Share, int Held, int InUse, int Waiting);
