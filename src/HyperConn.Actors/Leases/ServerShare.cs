using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>What one server's budget sees of a generation. A generation has one for each host of its connection string.</summary>
internal sealed class ServerShare(IPermitUser user, ServerState server) : IPermitHolder
{
    public ServerState Server { get; } = server;

    /// <summary>Permits granted by this server that wait for the other servers' before they make a lease. Under the generation's lock.</summary>
    public int Unmatched { get; set; }

    /// <summary>Whether the budget knows that permits are wanted. Under the generation's lock.</summary>
    public bool Registered { get; set; }

    public TenantKey Tenant => user.Tenant;

    public int Leases => user.Desk.Word.Leases;

    public int Waiters => user.Desk.Waiters;

    public long LastUsed => user.LastUsed;

    public long? WaitsSince => user.Desk.WaitsSince;

    public PermitOffer Offer() => user.Desk.Offer(this);

    public bool StillWants() => user.Desk.StillWants(this);

    public void Reclaim(int keep) => user.ReclaimSoon(this, keep);
}
