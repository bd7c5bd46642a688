using System.Text.Json.Serialization;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>What became of the nodes. Names are part of the contract of <c>--json</c>.</summary>
internal sealed record NodesSummary
{
    /// <summary>Sessions all nodes together may have: the server's connections, less those for superusers and the headroom.</summary>
    public required int Limit { get; init; }

    /// <summary>Most sessions of tenants at the server at once, counted there every few milliseconds.</summary>
    public required int PeakSessions { get; init; }

    /// <summary>Times the sessions were counted.</summary>
    public required int Counts { get; init; }

    /// <summary>Seconds from the kill until the living nodes had as many sessions as all nodes had before; null: none was killed, or they never did.</summary>
    public required double? ShareUsedByOthersSeconds { get; init; }

    /// <summary>Sessions the killed node had.</summary>
    public required int KilledSessions { get; init; }

    /// <summary>Each process, one that was started again twice.</summary>
    public required IReadOnlyList<NodeSummary> Nodes { get; init; }

    /// <summary>Whether one was to be killed: of three or more.</summary>
    public required bool Kills { get; init; }

    [JsonIgnore]
    public bool IsGood => PeakSessions <= Limit && (!Kills || ShareUsedByOthersSeconds is not null) && Nodes.All(node => node.ExitCode == 0 || node.WasKilled);
}

/// <summary>One process.</summary>
internal sealed record NodeSummary(string Name, long Events, long Failed, int PeakSessions, bool WasKilled, int? ExitCode);
