using Akka.Actor;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Cluster.Nodes;

/// <summary>How budgets reach the agent.</summary>
internal sealed class ShareKeeper(IActorRef agent, MonotonicClock clock) : IShareKeeper
{
    public NodeShare Begin(ServerState server) => new(this, clock);

    public void Report(ServerNeed need) => agent.Tell(need, ActorRefs.NoSender);
}
