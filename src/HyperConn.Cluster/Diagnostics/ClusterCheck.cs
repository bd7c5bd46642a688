using Akka.Cluster;
using HyperConn.Cluster.Operating;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace HyperConn.Cluster.Diagnostics;

/// <summary>Ready as a node: a member, and in touch with a coordinator that decides.</summary>
internal sealed class ClusterCheck(NodeView view, HyperConnClusterHealthOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (view.Parts is not { } parts)
            return Unhealthy(context, "The actor system of this node has not started.", null);
        var status = parts.Cluster.SelfMember.Status;
        var silence = view.Silence;
        var data = new Dictionary<string, object>
        {
            ["status"] = status.ToString(),
            ["members"] = parts.Members.Count,
            ["term"] = view.Seen?.Status.Term ?? 0,
            ["silenceSeconds"] = silence?.TotalSeconds ?? -1,
        };
        if (status != MemberStatus.Up || parts.System.WhenTerminated.IsCompleted)
            return Unhealthy(context, $"This node is no member of the cluster ({(parts.System.WhenTerminated.IsCompleted ? "ended" : status)}).", data);

        // One that decides nothing answers nobody: it is silent, and says why when it is asked.
        var coordinator = await CoordinatorAsk.AskAsync(parts, options.Timeout, cancellationToken).ConfigureAwait(false);
        var why = coordinator?.WhyNot is { } whyNot ? $" The coordinator decides nothing: {whyNot}." : "";
        if ((silence ?? view.Uptime) > options.MaxSilence)
            return Unhealthy(context, $"{Silent(silence)}{why} No connections are opened.", data);
        if (silence is null || silence > parts.Validity)
            return HealthCheckResult.Degraded($"{Silent(silence)}{why} What is open goes on; new connections wait.", data: data);
        return why.Length > 0
            ? HealthCheckResult.Degraded($"{why.TrimStart()} What is open goes on; new connections may have to wait.", data: data)
            : HealthCheckResult.Healthy("This node has its share of each server's connections.", data);
    }

    private static string Silent(TimeSpan? silence) => silence is { } since
        ? $"The coordinator of connection budgets has not been heard for {since.TotalSeconds:0} s."
        : "The coordinator of connection budgets has not been heard yet.";

    private static HealthCheckResult Unhealthy(HealthCheckContext context, string description, Dictionary<string, object>? data) =>
        new(context.Registration.FailureStatus, description, data: data);
}
