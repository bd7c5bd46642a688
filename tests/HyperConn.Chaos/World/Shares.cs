using System.Collections.Concurrent;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Chaos.World;

/// <summary>Stands where other processes do that share the servers: says how much of each is this one's, which is all of it or less.</summary>
internal sealed class Shares : IShareKeeper
{
    private readonly ConcurrentDictionary<ServerState, byte> _servers = new();
    private readonly Budgets _budgets;
    private readonly MonotonicClock _clock;
    private long _epoch;

    public Shares(Budgets budgets, MonotonicClock clock)
    {
        (_budgets, _clock) = (budgets, clock);
        budgets.Changed += GiveAll;
    }

    public NodeShare Begin(ServerState server) => new(this, _clock);

    // The first report of a budget comes when its actor is there, and before it has anything to give away.
    public void Report(ServerNeed need)
    {
        if (_servers.TryAdd(need.Server, 0))
            Give(need.Server);
    }

    /// <summary>Ends with its host.</summary>
    public void Stop() => _budgets.Changed -= GiveAll;

    private void GiveAll()
    {
        foreach (var server in _servers.Keys)
            Give(server);
    }

    private void Give(ServerState server) => server.Budget.Tell(
        new ShareGiven(Interlocked.Increment(ref _epoch), _budgets.Of(server.Endpoint), _clock.Now + TimeSpan.FromDays(1)), Akka.Actor.ActorRefs.NoSender);
}
