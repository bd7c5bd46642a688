using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>What one server's budget sees of a generation. A generation has one for each host of its connection string.</summary>
internal sealed class ServerShare(PoolGeneration pool, ServerState server) : IPermitHolder
{
    public ServerState Server { get; } = server;

    /// <summary>Permits granted by this server that wait for the other servers' before they make a lease. Under the generation's lock.</summary>
    public int Unmatched { get; set; }

    /// <summary>Whether the budget knows that permits are wanted. Under the generation's lock.</summary>
    public bool Registered { get; set; }

    public TenantKey Tenant => pool.Tenant;

    public int Leases => pool.Word.Leases;

    public int Waiters => pool.Waiters;

    public long LastUsed => pool.LastUsed;

    public long? WaitsSince => pool.WaitsSince;

    public PermitOffer Offer() => pool.Offer(this);

    public bool StillWants() => pool.StillWants(this);

    public void Reclaim(int keep) => pool.Owner.ReclaimIdle(pool, this, keep);
}
