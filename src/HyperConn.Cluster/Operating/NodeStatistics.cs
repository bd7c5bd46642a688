namespace HyperConn;

/// <summary>A node's answer when it was asked for its statistics.</summary>
/// <param name="Node">Address of the node.</param>
/// <param name="Statistics">Its statistics; null: it did not answer. Of servers, circuits and restrictions 200 at most; without tenants unless they were
/// asked for.</param>
/// <param name="Fault">Why there are none; null: there are.</param>
public sealed record NodeStatistics(string Node, HyperConnStatistics? Statistics, string? Fault);
