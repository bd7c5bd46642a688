namespace HyperConn;

/// <summary>State of one tenant's pool.</summary>
public enum PoolState
{
    /// <summary>The secret is being looked up.</summary>
    Resolving,

    /// <summary>Ready; connections are opened as needed.</summary>
    Ready,

    /// <summary>Takes no new leases and closes when the open ones end.</summary>
    Draining,
}
