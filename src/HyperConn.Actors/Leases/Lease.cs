using HyperConn.Primitives;

namespace HyperConn.Leases;

/// <summary>How a wait for a lease ended.</summary>
internal enum LeaseOutcome
{
    /// <summary>There is no wait.</summary>
    None,

    /// <summary>The caller has a lease on a permit the pool held.</summary>
    Leased,

    /// <summary>The caller has a lease on a permit just granted, and owes the budget the end of its open.</summary>
    Granted,

    /// <summary>The generation takes no more leases, or its callers were sent back: look again.</summary>
    SentBack,

    /// <summary>Too many wait for the tenant.</summary>
    TenantWaitersFull,

    /// <summary>Too many wait for the server.</summary>
    ServerWaitersFull,
}

/// <summary>A wait's outcome and, of a lease, what it needs to be opened and ended.</summary>
/// <param name="Outcome">How the wait ended.</param>
/// <param name="AgeBucket">The bucket of the word that counts it.</param>
/// <param name="ServerProbe">Whether its open is the one that tries a server that was away.</param>
/// <param name="LoginProbe">Whether its open is the one that tries a login that was refused.</param>
internal readonly record struct Lease(LeaseOutcome Outcome, int AgeBucket = 0, CircuitPass ServerProbe = default, CircuitPass LoginProbe = default)
{
    public bool IsTaken => Outcome is LeaseOutcome.Leased or LeaseOutcome.Granted;

    public bool IsGranted => Outcome == LeaseOutcome.Granted;
}
