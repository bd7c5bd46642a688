namespace HyperConn;

/// <summary>A member of the cluster.</summary>
public sealed record NodeMember
{
    /// <summary>Its address, such as <c>akka.tcp://martech@10.0.0.7:4053</c>. Identifies it among the members there are at one time.</summary>
    public required string Address { get; init; }

    /// <summary>Akka's word for its state, such as <c>Up</c> or <c>Leaving</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Whether the failure detectors of the cluster reach it, as far as this node has heard.</summary>
    public bool IsReachable { get; init; }

    /// <summary>Its roles in the cluster.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Whether it is the node that lists it.</summary>
    public bool IsSelf { get; init; }

    /// <summary>Whether the coordinator of connection budgets is on it.</summary>
    public bool IsCoordinator { get; init; }

    /// <summary>What it says of itself; null: it was not asked or did not answer.</summary>
    public NodeReport? Report { get; init; }

    /// <summary>Why there is no report; null: there is.</summary>
    public string? Fault { get; init; }
}
