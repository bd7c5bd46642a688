namespace HyperConn;

/// <summary>
/// Settings of tenants on one node each. In HOCON they are in the section <c>hyperconn.cluster.sharding</c> of the actor system's configuration;
/// those set in code win.
/// </summary>
public sealed class TenantShardingOptions
{
    /// <summary>Most <see cref="Shards"/>.</summary>
    public const int MaxShards = 10_000;

    /// <summary>Shortest <see cref="AnswerTimeout"/>.</summary>
    public static readonly TimeSpan MinAnswerTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Longest <see cref="AnswerTimeout"/>.</summary>
    public static readonly TimeSpan MaxAnswerTimeout = TimeSpan.FromMinutes(10);

    /// <summary>
    /// In how many parts the tenants are dealt out to the nodes; a part moves as a whole. Some ten for each node that there will ever be. Default 100;
    /// 1 to 10,000. The same on all nodes: to change it, all of them are stopped first.
    /// </summary>
    public int Shards { get; set; } = 100;

    /// <summary>Members of the cluster with this role have tenants; others only send. Default null: every member that handles events has.</summary>
    public string? Role { get; set; }

    /// <summary>
    /// For how long nothing may be heard of an event that was sent before the attempt fails with <c>NoAnswer</c>, to be made again. Until then it is
    /// sent five times. What a handler works on is heard of however long it takes. Default 15 seconds; 1 second to 10 minutes.
    /// </summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>After what time without events a tenant's actor is stopped; the next event starts it again. Its pool has a time of its own
    /// (<c>pools.idle-time-to-live</c>). Default 2 minutes; 1 second to 1 day.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Most events of one tenant that are handled at once. Default 1: one after the other, in the order in which they come; to 1,000.</summary>
    public int MaxConcurrentPerTenant { get; set; } = 1;

    /// <summary>What is wrong with the settings; empty: nothing.</summary>
    internal IEnumerable<string> Faults()
    {
        const string Section = "hyperconn.cluster.sharding";
        if (Shards is < 1 or > MaxShards)
            yield return $"{Section}.shards must be from 1 to {MaxShards}.";
        if (Role is { Length: 0 })
            yield return $"{Section}.role must name a role, or be left out.";
        if (AnswerTimeout < MinAnswerTimeout || AnswerTimeout > MaxAnswerTimeout)
            yield return $"{Section}.answer-timeout must be from {MinAnswerTimeout.TotalSeconds:0} s to {MaxAnswerTimeout.TotalMinutes:0} min.";
        if (IdleTimeout < TimeSpan.FromSeconds(1) || IdleTimeout > TimeSpan.FromDays(1))
            yield return $"{Section}.idle-timeout must be from 1 s to 1 day.";
        if (MaxConcurrentPerTenant is < 1 or > 1_000)
            yield return $"{Section}.max-concurrent-per-tenant must be from 1 to 1000.";
    }
}
