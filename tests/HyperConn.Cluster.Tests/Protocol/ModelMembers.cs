using HyperConn.Cluster.Protocol;

namespace HyperConn.Tests.Cluster.Protocol;

/// <summary>One state of the cluster's membership. Nodes hear of it by and by.</summary>
/// <param name="Version">Counts the states.</param>
/// <param name="All">All members, those that are only joining included.</param>
/// <param name="Up">Those that are up.</param>
internal sealed record ModelMembers(int Version, IReadOnlyList<NodeId> All, IReadOnlyList<NodeId> Up)
{
    public static readonly ModelMembers None = new(0, [], []);

    public ModelMembers WithJoining(NodeId node) => new(Version + 1, [.. All, node], Up);

    public ModelMembers WithUp(NodeId node) => new(Version + 1, All, [.. Up, node]);

    public ModelMembers Without(IReadOnlyCollection<NodeId> nodes) => new(Version + 1, [.. All.Except(nodes)], [.. Up.Except(nodes)]);
}
