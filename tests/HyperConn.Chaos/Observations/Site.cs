namespace HyperConn.Chaos.Observations;

/// <summary>Where a tenant's database is, and the way there.</summary>
internal enum Site
{
    /// <summary>The first server, through a relay.</summary>
    Direct,

    /// <summary>The first server, through a relay and PgBouncer.</summary>
    Pooled,

    /// <summary>The second server and its standby, named together.</summary>
    Replicated,
}
