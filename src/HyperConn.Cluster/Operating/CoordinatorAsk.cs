using Akka.Actor;
using HyperConn.Cluster.Nodes;

namespace HyperConn.Cluster.Operating;

/// <summary>Asks the coordinator how all nodes stand, for code that is not an actor: by the agent, which knows where that is.</summary>
internal static class CoordinatorAsk
{
    /// <returns>The answer; null: there was none in time.</returns>
    public static async Task<CoordinatorStatus?> AskAsync(ClusterParts parts, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await parts.Agent.Ask<CoordinatorStatus>(GetCoordinatorStatus.Instance, timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }
}
