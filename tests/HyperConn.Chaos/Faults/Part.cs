namespace HyperConn.Chaos.Faults;

/// <summary>What a fault happens to. Two faults of one storm never happen to the same part.</summary>
internal enum Part
{
    /// <summary>The first server and the way to it.</summary>
    First,

    /// <summary>The second server and its standby.</summary>
    Second,

    /// <summary>PgBouncer and the way to it.</summary>
    Pooler,

    /// <summary>Secrets: what stands in them, and the service.</summary>
    Secrets,

    /// <summary>Limits of connections.</summary>
    Budget,

    /// <summary>What operators do.</summary>
    Operators,

    /// <summary>Which tenants there are.</summary>
    Tenants,

    /// <summary>The process: its memory.</summary>
    Process,

    /// <summary>The clock on the wall.</summary>
    Clock,

    /// <summary>The host.</summary>
    Host,
}
