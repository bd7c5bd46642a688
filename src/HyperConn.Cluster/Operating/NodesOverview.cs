namespace HyperConn;

/// <summary>The nodes of a cluster, as one of them sees it.</summary>
public sealed record NodesOverview
{
    /// <summary>When it was taken.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>Address of the node that took it; null before the actor system has started.</summary>
    public string? Self { get; init; }

    /// <summary>The members, by address.</summary>
    public IReadOnlyList<NodeMember> Members { get; init; } = [];

    /// <summary>Address of the node the coordinator of connection budgets is on; null: it did not answer.</summary>
    public string? Coordinator { get; init; }

    /// <summary>Term of the coordinator; 0: it did not answer.</summary>
    public long Term { get; init; }

    /// <summary>Why the coordinator decides nothing now, or that it did not answer; null: it decides.</summary>
    public string? WhyNot { get; init; }

    /// <summary>Each server and who has what of it, as the coordinator has it; empty where it did not answer.</summary>
    public IReadOnlyList<DividedServer> Servers { get; init; } = [];
}

/// <summary>A server whose connections are divided among the nodes.</summary>
/// <param name="Server">The server.</param>
/// <param name="Limit">Connections all nodes together may have.</param>
/// <param name="Elsewhere">What of that is kept for sessions of nodes that are not heard.</param>
/// <param name="Parts">The nodes' parts.</param>
public sealed record DividedServer(ServerEndpoint Server, int Limit, int Elsewhere, IReadOnlyList<NodePart> Parts);

/// <summary>A node's part of a server.</summary>
/// <param name="Node">Address of the node.</param>
/// <param name="Share">Connections it may have.</param>
/// <param name="Held">Connections it has, or is opening.</param>
/// <param name="InUse">How many of these are under a lease.</param>
/// <param name="Waiting">Connections that callers wait for.</param>
public sealed record NodePart(string Node, int Share, int Held, int InUse, int Waiting);
