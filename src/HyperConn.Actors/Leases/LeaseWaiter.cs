using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>How a wait for a lease ended.</summary>
internal enum LeaseOutcome
{
    /// <summary>The caller has a lease on a permit the pool held.</summary>
    Leased,

    /// <summary>The caller has a lease on a permit just granted, and owes the budget an <see cref="OpenEnded"/>.</summary>
    Granted,

    /// <summary>The generation takes no more leases: look for its successor.</summary>
    Retired,

    /// <summary>Too many wait for the tenant.</summary>
    TenantWaitersFull,

    /// <summary>Too many wait for the server.</summary>
    ServerWaitersFull,
}

/// <summary>What stands behind the permit of a lease that ends.</summary>
internal enum LeaseEnd
{
    /// <summary>A connection in the pool.</summary>
    Idle,

    /// <summary>Nothing: it broke, or never opened.</summary>
    Gone,

    /// <summary>Nothing: the pool was cleared meanwhile, so Npgsql closed it.</summary>
    Cleared,

    /// <summary>A connection that must not be used again.</summary>
    Retired,
}

/// <summary>A wait's outcome and, of a lease, the half of the word that counts it.</summary>
internal readonly record struct LeaseTaken(LeaseOutcome Outcome, int Half = 0);

/// <summary>One caller in a generation's queue. Owned by the generation's lock until its task is completed.</summary>
internal sealed class LeaseWaiter(long since) : TaskCompletionSource<LeaseTaken>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>When it began to wait (<see cref="CoarseClock.Milliseconds"/>).</summary>
    public long Since { get; } = since;
}
