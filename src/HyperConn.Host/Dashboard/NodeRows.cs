namespace HyperConn.Host;

/// <summary>The nodes of the cluster for the page.</summary>
/// <param name="Clustered">Whether this process is a node of a cluster.</param>
/// <param name="Self">Address of this node.</param>
/// <param name="Coordinator">Address of the coordinator's node; null: it did not answer.</param>
/// <param name="WhyNot">Why the coordinator decides nothing now; null: it decides.</param>
/// <param name="Items">The nodes.</param>
/// <param name="Servers">Who has what of each server.</param>
internal sealed record NodeList(
    bool Clustered, string? Self, string? Coordinator, string? WhyNot, IReadOnlyList<NodeRow> Items, IReadOnlyList<DividedServerRow> Servers)
{
    /// <summary>A process that is no node.</summary>
    public static NodeList Alone { get; } = new(false, null, null, null, [], []);

    public static NodeList Of(NodesOverview overview) => new(
        true,
        overview.Self,
        overview.Coordinator,
        overview.WhyNot,
        [.. overview.Members.Select(NodeRow.Of)],
        [
            .. overview.Servers.Select(server => new DividedServerRow(
                server.Server.ToString(),
                server.Limit,
                server.Elsewhere,
                [.. server.Parts.Select(part => new NodePartRow(part.Node, NodeRow.NameOf(part.Node), part.Share, part.Held, part.InUse, part.Waiting))])),
        ]);
}

/// <summary>A node. What it says of itself is null where it did not answer, and <paramref name="Fault"/> says so.</summary>
internal sealed record NodeRow(
    string Address,
    string Name,
    string Status,
    bool Reachable,
    bool Self,
    bool Coordinator,
    IReadOnlyList<string> Roles,
    string? Fault,
    string? SessionTag,
    double? Silence,
    bool HoldsShare,
    int? Pools,
    int? Leases,
    double? AcquisitionsPerSecond,
    double? EventsPerSecond,
    IReadOnlyList<NodeServerRow> Servers)
{
    public static NodeRow Of(NodeMember member) => new(
        member.Address,
        NameOf(member.Address),
        member.Status,
        member.IsReachable,
        member.IsSelf,
        member.IsCoordinator,
        member.Roles,
        member.Fault,
        member.Report?.SessionTag,
        member.Report?.Silence is { } silence ? Math.Round(silence.TotalSeconds, 1) : null,
        member.Report?.HoldsShare ?? false,
        member.Report?.Pools,
        member.Report?.Leases,
        member.Report?.AcquisitionsPerSecond,
        member.Report?.EventsPerSecond,
        [.. (member.Report?.Servers ?? []).Select(server => new NodeServerRow(server.Server.ToString(), server.Share, server.Held, server.InUse, server.Waiting))]);

    /// <summary>An address for people: host and port.</summary>
    public static string NameOf(string address) => address[(address.IndexOf('@', StringComparison.Ordinal) + 1)..];
}

/// <summary>What a node has of one server.</summary>
internal sealed record NodeServerRow(string Server, int Share, int Held, int InUse, int Waiting);

/// <summary>A server whose connections are divided.</summary>
internal sealed record DividedServerRow(string Server, int Limit, int Elsewhere, IReadOnlyList<NodePartRow> Parts);

/// <summary>A node's part of a server.</summary>
internal sealed record NodePartRow(string Node, string Name, int Share, int Held, int InUse, int Waiting);

/// <summary>A node's answer to an operator.</summary>
internal sealed record NodeReplyRow(string Node, string Name, bool Accepted, string Message, int Affected, bool Answered);
