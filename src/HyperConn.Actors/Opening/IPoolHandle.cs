using HyperConn.Leases;
using HyperConn.Primitives;

namespace HyperConn.Opening;

/// <summary>What an open needs of the tenant's handle.</summary>
internal interface IPoolHandle
{
    /// <summary>The tenant.</summary>
    TenantKey Tenant { get; }

    /// <summary>The generation that takes leases now; null: none, ask for one.</summary>
    PoolGeneration? Current { get; }

    /// <summary>Memory of refused logins; it outlives the pool.</summary>
    Circuit Login { get; }

    /// <summary>Why an open would fail whatever it waited for; null: it might succeed. What is remembered outlives the pool.</summary>
    /// <param name="deadline">When the caller's time is up (<see cref="MonotonicClock"/>).</param>
    HyperConnFailure? Refusal(TimeSpan deadline);
}
