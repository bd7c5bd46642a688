namespace HyperConn;

/// <summary>
/// All nodes of the cluster, operated as one: how they are, what they do, and an operator's command carried out on each. For code that is not an
/// actor; <c>services.AddHyperConnCluster()</c> registers it. Safe for concurrent use; one per process.
/// </summary>
/// <remarks>
/// Nodes are asked side by side. One that does not answer in time is listed with that and never makes the others wait for longer, so that no method
/// here fails because of another node. Before the actor system has started, there are no nodes.
/// </remarks>
public interface IHyperConnNodes
{
    /// <summary>Address of this node, as the others list it, such as <c>akka.tcp://martech@10.0.0.7:4053</c>; null before the actor system has started.</summary>
    string? Self { get; }

    /// <summary>Addresses of the members now, this one included, without asking anybody; empty before this node is a member.</summary>
    IReadOnlyList<string> Addresses { get; }

    /// <summary>The members of the cluster, each asked for its <see cref="NodeReport"/>, and how the coordinator divides each server.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What is known after at most <see cref="HyperConnNodes.ReportTimeout"/>.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<NodesOverview> GetNodesAsync(CancellationToken cancellationToken = default);

    /// <summary>The statistics of each node. One that can't be reached is not asked.</summary>
    /// <param name="withTenants">Whether each node's tenants are fetched, too. They come in pages: thousands of them are megabytes a node.</param>
    /// <param name="node">Address of the only node to ask; null: all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One entry a node, those without an answer included, after at most <see cref="HyperConnNodes.StatisticsTimeout"/>; empty for an address that
    /// is no member's.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<IReadOnlyList<NodeStatistics>> GetStatisticsAsync(bool withTenants = false, string? node = null, CancellationToken cancellationToken = default);

    /// <summary>Has a command carried out on each node. Expected refusals are answers, not exceptions.</summary>
    /// <param name="command">The command. <see cref="OperatorCommand.By"/> and <see cref="OperatorCommand.Reason"/> go to every node and are logged there.</param>
    /// <param name="node">Address of the only node to carry it out; null: all that are members now. Who joins later does not know of it.</param>
    /// <param name="cancellationToken">Ends the wait; what was begun goes on.</param>
    /// <returns>One entry a node, those without an answer included, after at most <see cref="HyperConnNodes.CommandTimeout"/>; empty for an address that is no
    /// member's. A node that did not answer may carry it out all the same.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; what was begun goes on.</exception>
    Task<IReadOnlyList<NodeReply>> ExecuteAsync(OperatorCommand command, string? node = null, CancellationToken cancellationToken = default);
}
