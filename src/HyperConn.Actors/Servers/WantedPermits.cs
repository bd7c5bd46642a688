namespace HyperConn.Servers;

/// <summary>
/// Permits that leases are asked to give back when they end, and what of it they have claimed: that is on its way back, unless its holder
/// dies of it. Not thread-safe but for <see cref="ServerState"/>, where the wants are published.
/// </summary>
internal sealed class WantedPermits(ServerState state, TimeSpan patience)
{
    private int _published;
    private TimeSpan _claimsEnd;

    /// <summary>Claimed and not yet back.</summary>
    public int Claimed { get; private set; }

    /// <summary>Takes the want back, and books what leases claimed of it.</summary>
    public void Collect(TimeSpan now)
    {
        var claims = _published - state.WithdrawWant();
        _published = 0;
        if (claims > 0)
        {
            Claimed += claims;
            _claimsEnd = now + patience;
        }
    }

    /// <summary>Gives up claims that brought nothing in time.</summary>
    public void Expire(TimeSpan now)
    {
        if (now >= _claimsEnd)
            Claimed = 0;
    }

    /// <summary>Wants permits of leases that end, but of holders that have more than <paramref name="keep"/> only.</summary>
    public void Publish(int permits, int keep)
    {
        _published = permits;
        state.Want(permits, keep);
    }

    /// <summary>Permits came back.</summary>
    public void Returned(int permits, TimeSpan now)
    {
        // First what was claimed, which may be these very permits.
        Collect(now);
        Claimed = Math.Max(0, Claimed - permits);
    }
}
