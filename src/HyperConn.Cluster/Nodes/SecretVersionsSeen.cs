using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Nodes;

/// <summary>A node has read other versions of secrets than before: the others read them, too. The secrets themselves never travel.</summary>
/// <param name="Versions">By organisation, as the secret store calls them.</param>
internal sealed record SecretVersionsSeen(IReadOnlyDictionary<string, string> Versions) : IShareMessage;
