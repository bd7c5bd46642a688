using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>What permits are asked for, and given back, on behalf of.</summary>
internal interface IPermitUser
{
    TenantKey Tenant { get; }

    /// <summary>Who has leases, and who waits.</summary>
    LeaseDesk Desk { get; }

    /// <summary>Whether the server is there.</summary>
    ServerHealth Health { get; }

    /// <summary>The tenant's memory of refused logins, where there is one.</summary>
    Circuit? Login { get; }

    /// <summary>When a lease last ended, or somebody asked for the pool (<see cref="CoarseClock.Milliseconds"/>).</summary>
    long LastUsed { get; }

    /// <summary>A server's budget wants permits back that no lease covers.</summary>
    void ReclaimSoon(ServerShare asked, int keep);
}
