namespace HyperConn;

/// <summary>Why a pool was evicted.</summary>
public enum EvictionReason
{
    /// <summary>Idle for longer than <see cref="PoolOptions.IdleTimeToLive"/>.</summary>
    IdleTimeToLive,

    /// <summary>Least recently used while the cap was reached.</summary>
    LeastRecentlyUsed,

    /// <summary>Surplus over the cap, gone idle.</summary>
    Overflow,

    /// <summary>Asked for.</summary>
    Requested,

    /// <summary>Shutdown.</summary>
    Shutdown,
}
