using Akka.Actor;
using Akka.Cluster;
using HyperConn.Cluster.Nodes;

namespace HyperConn.Cluster.Operating;

/// <summary>The nodes, asked at their desks.</summary>
internal sealed class AskedNodes(NodeView view, TimeProvider time) : IHyperConnNodes
{
    private const string NotReached = "The node can't be reached.";

    public string? Self => view.Parts is { } parts ? parts.Cluster.SelfAddress.ToString() : null;

    public IReadOnlyList<string> Addresses => view.Parts is { } parts ? [.. parts.Members.Select(NameOf)] : [];

    public async Task<NodesOverview> GetNodesAsync(CancellationToken cancellationToken = default)
    {
        if (view.Parts is not { } parts)
            return new NodesOverview { TakenAt = time.GetUtcNow(), WhyNot = "the actor system has not started" };
        var coordinator = CoordinatorAsk.AskAsync(parts, HyperConnNodes.ReportTimeout, cancellationToken);
        var members = await Task.WhenAll(parts.Members.Select(member => ListAsync(parts, member, cancellationToken))).ConfigureAwait(false);
        return Overview(members, await coordinator.ConfigureAwait(false)) with { Self = Self };
    }

    public async Task<IReadOnlyList<NodeStatistics>> GetStatisticsAsync(
        bool withTenants = false, string? node = null, CancellationToken cancellationToken = default)
    {
        if (view.Parts is not { } parts)
            return [];
        return await Task.WhenAll(Wanted(parts, node).Select(member => StatisticsAsync(parts, member, withTenants, cancellationToken))).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<NodeReply>> ExecuteAsync(OperatorCommand command, string? node = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (view.Parts is not { } parts)
            return [];
        if (command.Fault() is { } fault)
            return [.. Wanted(parts, node).Select(member => new NodeReply(NameOf(member), false, fault, 0, Answered: true))];
        var message = CommandVerbs.ToMessage(command);
        return await Task.WhenAll(Wanted(parts, node).Select(member => ExecuteAsync(parts, member, message, cancellationToken))).ConfigureAwait(false);
    }

    private static IEnumerable<Member> Wanted(ClusterParts parts, string? node) =>
        parts.Members.Where(member => node is null || NameOf(member) == node);

    private static bool IsReachable(ClusterParts parts, Member member) => !parts.Cluster.State.Unreachable.Contains(member);

    private static string NameOf(Member member) => member.Address.ToString();

    private static async Task<NodeMember> ListAsync(ClusterParts parts, Member member, CancellationToken cancellationToken)
    {
        var isReachable = IsReachable(parts, member);
        var listed = new NodeMember
        {
            Address = NameOf(member),
            Status = member.Status.ToString(),
            IsReachable = isReachable,
            Roles = [.. member.Roles.Order(StringComparer.Ordinal)],
            IsSelf = member.UniqueAddress.Equals(parts.Cluster.SelfUniqueAddress),
        };
        if (!isReachable)
            return listed with { Fault = NotReached };
        var answer = await AskAsync(parts, member, AskReport.Instance, HyperConnNodes.ReportTimeout, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return answer is NodeReported reported ? listed with { Report = reported.Report } : listed with { Fault = FaultOf(answer, HyperConnNodes.ReportTimeout) };
    }

    private static async Task<NodeStatistics> StatisticsAsync(ClusterParts parts, Member member, bool withTenants, CancellationToken cancellationToken)
    {
        var node = NameOf(member);
        if (!IsReachable(parts, member))
            return new NodeStatistics(node, null, NotReached);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(HyperConnNodes.StatisticsTimeout);
        var answer = await AskAsync(parts, member, AskStatistics.Instance, HyperConnNodes.StatisticsTimeout, timeout.Token).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (answer is not StatisticsTaken { Statistics: var statistics })
            return new NodeStatistics(node, null, FaultOf(answer, HyperConnNodes.StatisticsTimeout));
        var tenants = new Dictionary<TenantKey, TenantStatistics>();
        var list = 0L;
        for (int? offset = withTenants ? 0 : null; offset is { } from;)
        {
            answer = await AskAsync(parts, member, new AskTenants(from, list), HyperConnNodes.StatisticsTimeout, timeout.Token).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (answer is not TenantsPage page)
                return new NodeStatistics(node, null, FaultOf(answer, HyperConnNodes.StatisticsTimeout));
            foreach (var tenant in page.Tenants)
                tenants[tenant.Tenant] = tenant;
            (offset, list) = (page.Next, page.List);
        }

        return new NodeStatistics(node, statistics with { Tenants = [.. tenants.Values] }, null);
    }

    private static async Task<NodeReply> ExecuteAsync(ClusterParts parts, Member member, CarryOut message, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(parts, member, message, HyperConnNodes.CommandTimeout, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return answer is CarriedOut done
            ? new NodeReply(NameOf(member), done.Accepted, done.Message, done.Affected, Answered: true)
            : new NodeReply(NameOf(member), false, FaultOf(answer, HyperConnNodes.CommandTimeout), 0, Answered: false);
    }

    /// <returns>The answer; null: none in time.</returns>
    private static async Task<object?> AskAsync(ClusterParts parts, Member member, object question, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var desk = parts.System.ActorSelection(new RootActorPath(member.Address) / "user" / NodeDesk.Name);
        try
        {
            return await desk.Ask<object>(question, timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Its caller knows whether that was a time-out of many questions together.
            return null;
        }
    }

    private static string FaultOf(object? answer, TimeSpan timeout) => answer switch
    {
        CantAnswer { Why: var why } => why,
        null => $"The node did not answer in {timeout.TotalSeconds:0} s.",
        _ => "The node's answer is from another version.",
    };

    private NodesOverview Overview(NodeMember[] members, CoordinatorStatus? coordinator)
    {
        var at = coordinator?.Coordinator.Address;
        return new NodesOverview
        {
            TakenAt = time.GetUtcNow(),
            Members = [.. members.Select(member => member with { IsCoordinator = member.Address == at })],
            Coordinator = at,
            Term = coordinator?.Term ?? 0,
            WhyNot = coordinator is null ? "the coordinator did not answer" : coordinator.WhyNot,
            Servers =
            [
                .. (coordinator?.Servers ?? []).OrderBy(server => server.Server).Select(server => new DividedServer(
                    server.Server,
                    server.Limit,
                    server.Elsewhere,
                    [.. server.Parts.Select(part => new NodePart(part.Node.Address, part.Share, part.Held, part.InUse, part.Waiting))])),
            ],
        };
    }
}
