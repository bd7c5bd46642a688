namespace HyperConn.Host.Demo.Nodes;

/// <summary>A node of the demo did not do what it was told.</summary>
internal sealed class NodeFailedException(string message) : Exception(message);
