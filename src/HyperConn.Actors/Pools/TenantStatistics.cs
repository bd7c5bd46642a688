namespace HyperConn;

/// <summary>One tenant's pool.</summary>
public sealed record TenantStatistics
{
    /// <summary>The tenant.</summary>
    public required TenantKey Tenant { get; init; }

    /// <summary>State of its pool.</summary>
    public required PoolState State { get; init; }

    /// <summary>Its servers, several where its credentials name several hosts; empty while resolving.</summary>
    public IReadOnlyList<ServerEndpoint> Servers { get; init; } = [];

    /// <summary>PostgreSQL user; null while resolving.</summary>
    public string? Username { get; init; }

    /// <summary>Database; null while resolving.</summary>
    public string? Database { get; init; }

    /// <summary>When the pool was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a lease last ended, or the pool was made.</summary>
    public DateTimeOffset LastUsedAt { get; init; }

    /// <summary>Leases begun since the pool was made.</summary>
    public long AccessCount { get; init; }

    /// <summary>Leases open.</summary>
    public int Leases { get; init; }

    /// <summary>Age of the oldest lease, where leak detection knows it.</summary>
    public TimeSpan? OldestLease { get; init; }

    /// <summary>Permits held.</summary>
    public int Permits { get; init; }

    /// <summary>Callers that wait.</summary>
    public int Waiting { get; init; }

    /// <summary>Version of the secret in use.</summary>
    public string? SecretVersion { get; init; }

    /// <summary>When that secret was read.</summary>
    public DateTimeOffset? SecretFetchedAt { get; init; }

    /// <summary>Number of the credentials' generation, from 1.</summary>
    public int Generation { get; init; }

    /// <summary>Older generations that still have leases.</summary>
    public int DrainingGenerations { get; init; }

    /// <summary>Failures in a row, for this tenant.</summary>
    public int Failures { get; init; }

    /// <summary>The latest failure, while it is remembered.</summary>
    public HyperConnFailure? LastFailure { get; init; }

    /// <summary>When the secret in use becomes due for a refresh; null where that is not known.</summary>
    public DateTimeOffset? SecretStaleAt { get; init; }

    /// <summary>Why the pool is not evicted although it was due; null: it was not due since it was last idle.</summary>
    public EvictionSkipReason? NotEvicted { get; init; }

    /// <summary>State of the tenant's circuit.</summary>
    public CircuitState Circuit { get; init; }
}
