using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Nodes;

/// <summary>A node has read another version of a secret than before: the others read it, too. The secret itself never travels.</summary>
/// <param name="Org">The organisation.</param>
/// <param name="VersionId">The version, as the secret store calls it.</param>
internal sealed record SecretVersionSeen(string Org, string VersionId) : IShareMessage;
