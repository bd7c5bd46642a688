using Akka.Actor;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>
/// What a generation asks of its servers' budgets and has of their grants. A lease takes one permit of each server. Not thread-safe: under
/// the lock of the <see cref="LeaseDesk"/>.
/// </summary>
internal sealed class PermitRequests
{
    private readonly IPermitUser _user;
    private readonly ServerShare[] _shares;
    private PermitCap _cap;

    public PermitRequests(IPermitUser user, ServerState[] servers, int maxPermits)
    {
        _user = user;
        _shares = Array.ConvertAll(servers, server => new ServerShare(user, server));
        _cap = new PermitCap(maxPermits);
    }

    public ServerShare[] Shares => _shares;

    /// <summary>Whether the tenant has as many permits as it may, whatever its servers have left.</summary>
    /// <param name="permits">Permits it has.</param>
    /// <param name="now">The time.</param>
    /// <param name="learn">The role's or the database's own limit is reached: for a while, ask for no more than what there is.</param>
    public bool IsAtMax(int permits, long now, bool learn)
    {
        if (learn)
            _cap.Learn(permits, now);
        return permits >= _cap.Current(now);
    }

    /// <summary>Whether waiting callers can use one more permit of a server: not before the servers that come first have granted one.</summary>
    public bool MayTake(ServerShare share, LeaseWord word, int waiters, long now) =>
        !word.IsDraining && waiters > share.Unmatched && word.Permits + share.Unmatched < _cap.Current(now) && IsNext(share);

    /// <summary>
    /// Whether a permit is of use now. While the server is away or the login is refused, only to the one that tries, and only when it is
    /// time: so whoever tries has a permit in hand, and keeps nobody else from trying while it waits for one.
    /// </summary>
    public bool IsOfUse => IsPassable(_user.Health.Circuit) && (_user.Login is not { } login || IsPassable(login));

    /// <summary>A budget grants one permit of one server.</summary>
    /// <param name="share">The server.</param>
    /// <param name="lease">The lease it makes, when every server has granted one.</param>
    public PermitOffer Take(ServerShare share, out Lease? lease)
    {
        lease = null;
        var isLast = Array.TrueForAll(_shares, other => other == share || other.Unmatched > 0);
        if (!isLast)
        {
            share.Unmatched++;
            return PermitOffer.Parked;
        }

        var (server, login) = (CircuitPass.Closed, CircuitPass.Closed);
        if (!TryPass(_user.Health.Circuit, ref server))
            return PermitOffer.NotNow;
        if (_user.Login is { } circuit && !TryPass(circuit, ref login))
        {
            _user.Health.Circuit.ProbeAbandoned(server);
            return PermitOffer.NotNow;
        }

        foreach (var other in _shares)
        {
            if (other != share)
                other.Unmatched--;
        }

        lease = new Lease(LeaseOutcome.Granted, ServerProbe: server, LoginProbe: login);
        return PermitOffer.TakenMore;
    }

    /// <summary>
    /// Asks the budgets for permits, one server after the other in their fixed order, so that two tenants can't each hold what the other
    /// needs.
    /// </summary>
    public void Want(LeaseWord word, int waiters, long now)
    {
        foreach (var share in _shares)
        {
            if (share.Unmatched > 0)
                continue;
            if (!share.Registered && MayTake(share, word, waiters, now))
            {
                share.Registered = true;
                share.Server.Budget.Tell(new PermitWanted(share));
            }

            return;
        }
    }

    private bool IsNext(ServerShare share)
    {
        foreach (var other in _shares)
        {
            if (other == share)
                return true;
            if (other.Unmatched == 0)
                return false;
        }

        return true;
    }

    /// <summary>Nobody waits any more: gives back permits of some servers that those of the others were waited for.</summary>
    public void ReturnUnmatched()
    {
        foreach (var share in _shares)
        {
            for (; share.Unmatched > 0; share.Unmatched--)
                share.Server.Budget.Tell(new PermitsReturned(share, 1, AnswersReclaim: false));
        }
    }

    /// <summary>Gives permits back whose connections are closed.</summary>
    /// <param name="permits">How many of each server.</param>
    /// <param name="asked">The server whose budget had asked for them, and is answered also if there are none; null: none had.</param>
    public void Return(int permits, ServerShare? asked = null)
    {
        foreach (var share in _shares)
        {
            if (permits > 0 || ReferenceEquals(share, asked))
                share.Server.Budget.Tell(new PermitsReturned(share, permits, ReferenceEquals(share, asked)));
        }
    }

    /// <summary>There is a lease that no permit covers.</summary>
    public void Overdraw()
    {
        foreach (var share in _shares)
            share.Server.Budget.Tell(new PermitOverdrawn(share));
    }

    /// <summary>The open that a grant paid for has ended.</summary>
    public void EndOpen()
    {
        foreach (var share in _shares)
            share.Server.Budget.Tell(new OpenEnded(share));
    }

    /// <summary>The server said 53300 although its budget had room.</summary>
    public void ReportServerFull()
    {
        foreach (var share in _shares)
            share.Server.Budget.Tell(ServerFull.Instance);
    }

    /// <summary>The generation is closed: all its permits are free.</summary>
    public void Close()
    {
        foreach (var share in _shares)
            share.Server.Budget.Tell(new HolderClosed(share));
    }

    /// <summary>Takes over the duty to give one permit to another tenant, if one waits that has fewer.</summary>
    public bool TryClaimWanted(int held)
    {
        foreach (var share in _shares)
        {
            if (share.Server.TryClaimWanted(held))
                return true;
        }

        return false;
    }

    public bool IsAnyWanted() => Array.Exists(_shares, share => share.Server.Wanted > 0);

    private static bool IsPassable(Circuit circuit) => !circuit.IsOpen || circuit.MayProbe;

    private static bool TryPass(Circuit circuit, ref CircuitPass pass)
    {
        if (circuit.TryProbe() is not { } probe)
            return !circuit.IsOpen;
        pass = probe;
        return true;
    }
}
