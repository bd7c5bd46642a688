using Microsoft.Extensions.Logging;

namespace HyperConn.Cluster.Nodes;

/// <summary>What the cluster's parts log. Event ids are stable.</summary>
internal static partial class ClusterLog
{
    [LoggerMessage(EventId = 1401, Level = LogLevel.Information, Message = "The coordinator of connection budgets answers (term {Term}).")]
    public static partial void CoordinatorHeard(ILogger logger, long term);

    [LoggerMessage(EventId = 1402, Level = LogLevel.Warning, Message = "The coordinator of connection budgets has not been heard for {Seconds} s. "
        + "Connections that are open go on; new ones are opened when it answers. Is this node a member of the cluster, and are more than half of its nodes?")]
    public static partial void CoordinatorSilent(ILogger logger, double seconds);

    [LoggerMessage(EventId = 1403, Level = LogLevel.Information, Message = "This node coordinates the connection budgets of {Nodes} nodes.")]
    public static partial void Coordinates(ILogger logger, int nodes);

    [LoggerMessage(EventId = 1404, Level = LogLevel.Warning, Message = "Connection budgets stay as they are: {Reason}.")]
    public static partial void DecidesNothing(ILogger logger, string reason);

    [LoggerMessage(EventId = 1405, Level = LogLevel.Information, Message = "Connection budgets are decided again.")]
    public static partial void DecidesAgain(ILogger logger);

    [LoggerMessage(EventId = 1406, Level = LogLevel.Warning, Message = "On {Server} sessions can't be counted, so what a lost node had there counts as free "
        + "once the node has left the cluster.")]
    public static partial void NotCountable(ILogger logger, string server);

    [LoggerMessage(EventId = 1407, Level = LogLevel.Warning, Message = "The other nodes are not found yet: {Missing}")]
    public static partial void NodesMissing(ILogger logger, string missing);
}
