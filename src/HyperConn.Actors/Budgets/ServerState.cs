using Akka.Actor;

namespace HyperConn;

/// <summary>
/// What pools and their callers share with one server's budget without a message: how much is wanted, who waits, and counters.
/// </summary>
internal sealed class ServerState(ServerEndpoint endpoint)
{
    private int _wanted;
    private int _waiting;

    public ServerEndpoint Endpoint { get; } = endpoint;

    /// <summary>The budget's actor. Set once, before the state is shared.</summary>
    public IActorRef Budget { get; set; } = ActorRefs.Nobody;

    /// <summary>Limit in force; written by the budget, read for messages and statistics.</summary>
    public int Limit { get; set; }

    /// <summary>Callers waiting on this server, over all tenants.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Permits other tenants wait for and the budget can't find idle: the next leases that end should give theirs back.</summary>
    public int Wanted => Volatile.Read(ref _wanted);

    /// <summary>Whether the server's capacity is still to be read from it (limit <c>auto</c>, no connection yet).</summary>
    public bool CapacityUnknown { get; set; }

    /// <summary>Sets how many permits ending leases should give back. Budget only.</summary>
    public void Want(int permits) => Volatile.Write(ref _wanted, permits);

    /// <summary>Claims the duty to give one permit back; true for as many callers as permits are wanted.</summary>
    public bool TryClaimWanted()
    {
        while (true)
        {
            var wanted = Volatile.Read(ref _wanted);
            if (wanted <= 0)
                return false;
            if (Interlocked.CompareExchange(ref _wanted, wanted - 1, wanted) == wanted)
                return true;
        }
    }

    public bool TryAddWaiter(int most)
    {
        if (Interlocked.Increment(ref _waiting) <= most)
            return true;
        Interlocked.Decrement(ref _waiting);
        return false;
    }

    public void RemoveWaiter() => Interlocked.Decrement(ref _waiting);
}
