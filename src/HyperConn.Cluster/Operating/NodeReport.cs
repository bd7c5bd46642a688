namespace HyperConn;

/// <summary>What a node says of itself, in short.</summary>
public sealed record NodeReport
{
    /// <summary>When it was made, by the node's clock.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>End of its sessions' <c>application_name</c>; empty before the node has looked.</summary>
    public string SessionTag { get; init; } = "";

    /// <summary>Term of the coordinator it listens to; 0: it has heard of none.</summary>
    public long Term { get; init; }

    /// <summary>How long ago it heard the coordinator; null: never.</summary>
    public TimeSpan? Silence { get; init; }

    /// <summary>Whether it has a share of a server's connections that holds; false, too, where it uses no server.</summary>
    public bool HoldsShare { get; init; }

    /// <summary>Pools alive.</summary>
    public int Pools { get; init; }

    /// <summary>Leases open.</summary>
    public int Leases { get; init; }

    /// <summary>Connections handed out each second, since the report before; null: there was none within a minute.</summary>
    public double? AcquisitionsPerSecond { get; init; }

    /// <summary>Events handled each second, since the report before; null where nobody counts them (<see cref="HyperConnClusterOptions.EventsHandled"/>), or
    /// as above.</summary>
    public double? EventsPerSecond { get; init; }

    /// <summary>What it has and needs of each server; as many as fit into a message, some 100.</summary>
    public IReadOnlyList<NodeServer> Servers { get; init; } = [];
}

/// <summary>What a node has and needs of one server.</summary>
/// <param name="Server">The server.</param>
/// <param name="Share">Connections it may have; 0 when its share has lapsed.</param>
/// <param name="Held">Connections it has, or is opening.</param>
/// <param name="InUse">How many of these are under a lease.</param>
/// <param name="Waiting">Connections that callers wait for.</param>
public sealed record NodeServer(ServerEndpoint Server, int Share, int Held, int InUse, int Waiting);
