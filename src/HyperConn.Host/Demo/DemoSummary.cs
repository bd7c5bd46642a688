using System.Text.Json;

namespace HyperConn.Host.Demo;

/// <summary>What the demo ends with. Names are part of the contract of <c>--json</c>.</summary>
internal sealed record DemoSummary
{
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Tenants made.</summary>
    public required int Tenants { get; init; }

    /// <summary>Events that ended, whichever way.</summary>
    public required long Events { get; init; }

    /// <summary>Events that failed.</summary>
    public required long Failed { get; init; }

    /// <summary>Events handled as somebody else, and rows found in somebody else's table.</summary>
    public required long WrongTenant { get; init; }

    /// <summary>Rows in all tenants' tables at the end.</summary>
    public required long Rows { get; init; }

    /// <summary>Pools made.</summary>
    public required long PoolsCreated { get; init; }

    /// <summary>Pools evicted, the shutdown's included.</summary>
    public required long Evictions { get; init; }

    /// <summary>The same by reason.</summary>
    public required IReadOnlyDictionary<string, long> EvictionsByReason { get; init; }

    /// <summary>Connections opened without a message between actors.</summary>
    public required long HotAcquisitions { get; init; }

    /// <summary>Connections that needed a new pool, a permit or a retry.</summary>
    public required long ColdAcquisitions { get; init; }

    /// <summary>Calls to the secret store.</summary>
    public required long SecretCalls { get; init; }

    /// <summary>Rotations made in the database and the secret.</summary>
    public required int Rotations { get; init; }

    /// <summary>Most sessions of tenants seen on the server at once.</summary>
    public required int PeakServerSessions { get; init; }

    /// <summary>Sessions of tenants on the server after the end.</summary>
    public required int SessionsLeft { get; init; }

    /// <summary>How long events were fed, seconds.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>Events that failed, by what went wrong.</summary>
    public required IReadOnlyDictionary<string, long> FailuresByCause { get; init; }

    /// <summary><c>max_connections</c> of the demo's own server; null: the server is somebody else's.</summary>
    public required int? MaxConnections { get; init; }

    /// <summary>The nodes of <c>--nodes</c>; null: the demo ran in one process.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public Nodes.NodesSummary? Cluster { get; init; }

    /// <summary>Whether everything is as promised.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsGood => Events > 0 && Failed == 0 && WrongTenant == 0 && SessionsLeft == 0 && Cluster is not { IsGood: false };

    public string ToJson() => JsonSerializer.Serialize(this, CamelCase);
}
