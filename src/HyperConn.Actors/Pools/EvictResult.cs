namespace HyperConn;

/// <summary>Result of <see cref="ITenantPools.EvictAsync"/>.</summary>
public enum EvictResult
{
    /// <summary>The pool was idle and is gone.</summary>
    Evicted,

    /// <summary>The pool is in use and stays.</summary>
    InUse,

    /// <summary>The tenant has no pool.</summary>
    NotFound,
}
