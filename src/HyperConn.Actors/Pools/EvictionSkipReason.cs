namespace HyperConn;

/// <summary>Why a pool that was due was not evicted.</summary>
public enum EvictionSkipReason
{
    /// <summary>A lease is open.</summary>
    InUse,

    /// <summary>A lease is open for longer than <see cref="DiagnosticsOptions.LeakThreshold"/>. Counted at once, or when a pool passed over
    /// as in use turns out to be held that long.</summary>
    HeldLong,

    /// <summary>Callers wait for it.</summary>
    Waiting,
}
