using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

/// <summary>A pool generation without connections: permits, leases, a queue of callers, and the manners the budget relies on.</summary>
internal sealed class FakeHolder(SimulatedServer server, string org, int mostPermits) : IPermitHolder
{
    private readonly LinkedList<(int Caller, long Since)> _waiters = new();
    private int _servedSinceGrant;
    private int _callers;

    public TenantKey Tenant { get; } = TenantKey.Create("core", org);

    /// <summary>Permits by its own count.</summary>
    public int Permits { get; private set; }

    public int Leases { get; private set; }

    public int Waiters => _waiters.Count;

    public long? WaitsSince => _waiters.First?.Value.Since;

    public long LastUsed { get; private set; } = server.Clock.Milliseconds;

    public bool Registered { get; private set; }

    public bool Draining { get; private set; }

    public bool Dead { get; private set; }

    public int Opens { get; private set; }

    /// <summary>Whether it would take a permit now.</summary>
    public bool WouldTake => !Draining && Waiters > 0 && Permits < mostPermits;

    /// <summary>Whether it would take two.</summary>
    public bool WouldTakeMore => !Draining && Waiters > 1 && Permits + 1 < mostPermits;

    /// <summary>Reclaims not answered yet, by what may be kept.</summary>
    public Queue<int> Reclaims { get; } = new();

    public int Quantum { get; init; } = 4;

    /// <summary>Whether its leases end without a look at what is wanted, as one does that ends a moment before.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>Whether a permit is of no use to it now, though callers wait.</summary>
    public bool IsNotReady { get; set; }

    /// <summary>Whether it keeps a permit until another of its hosts grants one, too.</summary>
    public bool Parks { get; init; }

    /// <summary>Makes the next offer fail, as a fault in a pool would.</summary>
    public bool FailsOnce { get; set; }

    public override string ToString() =>
        $"{Tenant.Org}(P{Permits} L{Leases} W{Waiters} O{Opens}{(Registered ? " registered" : "")}{(Dead ? " dead" : "")})";

    /// <summary>Callers ask for a lease each.</summary>
    public void Call(int callers = 1)
    {
        for (; callers > 0 && !Draining; callers--)
        {
            LastUsed = server.Clock.Milliseconds;
            if (Leases < Permits && Waiters == 0)
            {
                Leases++;
                continue;
            }
            _waiters.AddLast((_callers++, server.Clock.Milliseconds));
            Register();
        }
    }

    /// <summary>A waiting caller cancels or its deadline passes.</summary>
    public void GiveUp(int place = 0)
    {
        if (_waiters.Count > 0)
            _waiters.Remove(_waiters.ElementAt(place % _waiters.Count));
    }

    public void EndLease()
    {
        // A lease whose connection is still being opened can't end.
        if (Leases - Opens <= 0)
            return;
        Leases--;
        LastUsed = server.Clock.Milliseconds;
        var mustServeFirst = Waiters > 0 && _servedSinceGrant < Quantum;
        if (Draining || (!IsDeaf && !mustServeFirst && server.State.TryClaimWanted(Permits)))
        {
            GiveBack(1, answersReclaim: false);
            if (Waiters > 0)
                Register();
        }
        else if (Waiters > 0)
        {
            _waiters.RemoveFirst();
            _servedSinceGrant++;
            Leases++;
        }
    }

    public void EndOpen(bool well = true, bool serverFull = false)
    {
        if (Opens == 0)
            return;
        Opens--;
        server.Tell(new OpenEnded(this));
        if (well)
            return;
        if (serverFull)
            server.Tell(ServerFull.Instance);
        Leases--;
        LastUsed = server.Clock.Milliseconds;
        GiveBack(1, answersReclaim: false);
        if (serverFull)
            Call();
        else if (Waiters > 0)
            Register();
    }

    public void AnswerReclaim()
    {
        if (!Reclaims.TryDequeue(out var keep) || Dead)
            return;
        GiveBack(Math.Max(0, Permits - Math.Max(Leases, keep)), answersReclaim: true);
    }

    /// <summary>Takes a lease no permit covers.</summary>
    public void Overdraw()
    {
        if (Draining)
            return;
        Leases++;
        Permits++;
        server.Tell(new PermitOverdrawn(this));
    }

    /// <summary>Takes no more leases; callers go elsewhere; idle permits go back.</summary>
    public void Drain()
    {
        Draining = true;
        _waiters.Clear();
        if (Permits > Leases)
            GiveBack(Permits - Leases, answersReclaim: false);
    }

    public void Die()
    {
        if (Dead)
            return;
        (Draining, Dead) = (true, true);
        if (Leases > 0)
            LastUsed = server.Clock.Milliseconds;
        _waiters.Clear();
        (Leases, Permits, Opens) = (0, 0, 0);
        server.Tell(new HolderClosed(this));
    }

    public PermitOffer Offer()
    {
        if (FailsOnce)
        {
            FailsOnce = false;
            throw new InvalidOperationException("A fault in a pool.");
        }
        if (!WouldTake)
        {
            Registered = false;
            server.Offered(this, taken: false);
            return PermitOffer.Declined;
        }
        if (IsNotReady)
            return PermitOffer.NotNow;
        server.Offered(this, taken: true);
        if (Parks)
        {
            Permits++;
            Registered = false;
            return PermitOffer.Parked;
        }

        _waiters.RemoveFirst();
        _servedSinceGrant = 0;
        LastUsed = server.Clock.Milliseconds;
        (Permits, Leases, Opens) = (Permits + 1, Leases + 1, Opens + 1);
        Registered = WouldTake;
        return Registered ? PermitOffer.TakenMore : PermitOffer.TakenLast;
    }

    public bool StillWants()
    {
        Registered = WouldTake;
        if (!Registered)
            server.Withdrawn(this);
        return Registered;
    }

    public void Reclaim(int keep)
    {
        server.Reclaiming(this, keep);
        Reclaims.Enqueue(keep);
    }

    private void Register()
    {
        if (Registered || !WouldTake)
            return;
        Registered = true;
        server.Tell(new PermitWanted(this));
    }

    private void GiveBack(int count, bool answersReclaim)
    {
        Permits -= count;
        server.Tell(new PermitsReturned(this, count, answersReclaim));
    }
}
