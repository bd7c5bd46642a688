namespace HyperConn.Host.Demo;

/// <summary>What the demo is asked for.</summary>
internal sealed record DemoOptions
{
    /// <summary>How long events are fed.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many tenants are made.</summary>
    public int Tenants { get; init; } = 200;

    /// <summary>Most events under way at once.</summary>
    public int Workers { get; init; } = 32;

    /// <summary>Most pools alive at once.</summary>
    public int MaxPools { get; init; } = 50;

    /// <summary>Idle time after which a pool may be evicted. Short, so that a short demo shows it.</summary>
    public TimeSpan IdleTimeToLive { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary><c>max_connections</c> of the demo's own server.</summary>
    public int MaxConnections { get; init; } = 60;

    /// <summary>Whether credentials rotate while the demo runs.</summary>
    public bool Rotate { get; init; } = true;

    /// <summary>Time between two rotations.</summary>
    public TimeSpan RotationInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether the dashboard is served meanwhile, on loopback.</summary>
    public bool Dashboard { get; init; } = true;

    /// <summary>Port of the dashboard; 0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>Processes that share the server; 1: this one alone.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>Whether one JSON object is printed at the end instead of anything for people.</summary>
    public bool Json { get; init; }
}
