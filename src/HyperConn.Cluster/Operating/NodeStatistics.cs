namespace HyperConn;

/// <summary>A node's answer when it was asked for its statistics.</summary>
/// <param name="Node">Address of the node.</param>
/// <param name="Statistics">Its statistics; null: it did not answer. Some 100 servers at most, and some 30 circuits and restrictions, as many as fit into
/// a message; without tenants unless they were asked for.</param>
/// <param name="Fault">Why there are none; null: there are.</param>
public sealed record NodeStatistics(string Node, HyperConnStatistics? Statistics, string? Fault);
