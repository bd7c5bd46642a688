using System.Text.Json;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>How a node says it goes, a line at a time.</summary>
internal sealed record NodeLine
{
    /// <summary>Its address in the cluster, for others to join.</summary>
    public required string Address { get; init; }

    /// <summary>The end of its sessions' <c>application_name</c>.</summary>
    public required string Tag { get; init; }

    public long Events { get; init; }

    public long Failed { get; init; }

    public long WrongTenant { get; init; }

    public long PoolsCreated { get; init; }

    public IReadOnlyDictionary<string, long> Evictions { get; init; } = new Dictionary<string, long>();

    public long Hot { get; init; }

    public long Cold { get; init; }

    public long SecretCalls { get; init; }

    /// <summary>Permits of the server it may have out, as the coordinator said last.</summary>
    public int Share { get; init; }

    /// <summary>Permits out.</summary>
    public int Held { get; init; }

    public IReadOnlyDictionary<string, long> Causes { get; init; } = new Dictionary<string, long>();

    public static NodeLine? Read(string text) => text.StartsWith('{') ? JsonSerializer.Deserialize<NodeLine>(text) : null;

    public override string ToString() => JsonSerializer.Serialize(this);
}
