using HyperConn.Primitives;

namespace HyperConn.Servers;

/// <summary>
/// What this process may use of a server's limit, where several processes share the server. Written by the budget, read by whoever is about to
/// open a connection.
/// </summary>
/// <remarks>
/// It holds for a time only, by this process's own clock: who was stopped for a while, or hears nothing of the others, must believe that they
/// have given it to somebody else. What is open stays open.
/// </remarks>
internal sealed class NodeShare(IShareKeeper keeper, MonotonicClock clock)
{
    private long _validUntil;
    private int _permits;

    /// <summary>Most permits this process may have out; none at first.</summary>
    public int Permits => Volatile.Read(ref _permits);

    /// <summary>The number of the share in force, higher with each; 0: there was none yet.</summary>
    public long Epoch { get; private set; }

    /// <summary>When it lapses (<see cref="MonotonicClock"/>).</summary>
    public TimeSpan ValidUntil => TimeSpan.FromTicks(Volatile.Read(ref _validUntil));

    /// <summary>Whether a new connection may be opened on it now.</summary>
    public bool IsValid => clock.Now.Ticks < Volatile.Read(ref _validUntil);

    /// <summary>Takes what was given, unless something newer was given before. Budget only.</summary>
    /// <returns>Whether it says something new.</returns>
    public bool Take(ShareGiven given)
    {
        if (given.Epoch < Epoch)
            return false;
        Epoch = given.Epoch;
        Volatile.Write(ref _permits, given.Permits);
        Volatile.Write(ref _validUntil, Math.Max(given.ValidUntil.Ticks, Volatile.Read(ref _validUntil)));
        return true;
    }

    /// <summary>Says what the process has and needs.</summary>
    public void Report(ServerNeed need) => keeper.Report(need);
}
