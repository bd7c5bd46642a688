using HyperConn.Cluster.Operating;

namespace HyperConn.Host;

/// <summary>Turns a request of the page or a script into an operator's command and carries it out.</summary>
internal sealed partial class DashboardActions(ITenantOperator tenants, ILogger<DashboardActions> log, IHyperConnNodes? nodes = null)
{
    public const string Verbs = "pause, resume, drain, refresh, ban";

    public async Task<IResult> ExecuteAsync(ActionRequest request, HttpContext context)
    {
        var by = $"{(string.IsNullOrWhiteSpace(request.By) ? "operator" : request.By.Trim())} ({context.Connection.RemoteIpAddress})";
        if (!TryRead(request, by, out var command, out var fault))
            return Results.Problem(fault, statusCode: StatusCodes.Status400BadRequest);
        var node = request.Node is null or "" or NodeFeeds.All ? null : request.Node;
        if (node is not (null or NodeFeeds.This) && nodes?.Addresses.Contains(node) != true)
            return Results.Problem("node must be all, this, or the address of a member of the cluster.", statusCode: StatusCodes.Status400BadRequest);
        LogAsked(command.GetType().Name, command.Target, command.By, command.Reason);
        var response = nodes is { Addresses.Count: > 0 } && node != NodeFeeds.This
            ? Sum(await nodes.ExecuteAsync(command, node, context.RequestAborted))
            : Alone(await tenants.ExecuteAsync(command, context.RequestAborted));
        return response.Accepted ? Results.Ok(response) : Results.Json(response, statusCode: StatusCodes.Status409Conflict);
    }

    private static ActionResponse Alone(OperatorReply reply) => new(reply.Accepted, reply.Message, reply.Affected, []);

    private static ActionResponse Sum(IReadOnlyList<NodeReply> replies)
    {
        var accepted = replies.Count(reply => reply.Accepted);
        return new ActionResponse(
            replies.Count > 0 && accepted == replies.Count,
            replies is [var only] ? only.Message : $"Done or begun on {accepted} of {replies.Count} nodes.",
            replies.Sum(reply => reply.Affected),
            [.. replies.Select(reply => new NodeReplyRow(reply.Node, NodeRow.NameOf(reply.Node), reply.Accepted, reply.Message, reply.Affected, reply.Answered))]);
    }

    internal static bool TryRead(ActionRequest request, string by, out OperatorCommand command, out string fault)
    {
        command = null!;
        var reason = request.Reason?.Trim() ?? "";
        if (!TryReadTarget(request, out var target, out fault))
            return false;
        if (request is { Verb: "ban", Seconds: null or not (> 0 and <= 2_592_000) })
        {
            fault = "A ban needs seconds: more than 0, at most 2,592,000 (30 days).";
            return false;
        }

        var time = request.Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var read = CommandVerbs.ToCommand(new CarryOut(request.Verb ?? "", target, by, reason, time));
        if (read is null)
        {
            fault = $"verb must be one of {Verbs}.";
            return false;
        }

        command = read;
        fault = read.Fault() ?? "";
        return fault.Length == 0;
    }

    private static bool TryReadTarget(ActionRequest request, out OperatorTarget target, out string fault)
    {
        target = OperatorTarget.Everything;
        fault = "";
        switch (request.Scope)
        {
            case "all":
                return true;
            case "server" when ServerEndpoint.TryParse(request.Server, out var endpoint):
                target = new OperatorTarget.Server(endpoint);
                return true;
            case "server":
                fault = "scope server needs server: host:port, such as pg1:5432 or [::1]:5432.";
                return false;
            case "tenant" when TenantKey.TryCreate(request.Service, request.Org, out var key):
                target = new OperatorTarget.Tenant(key);
                return true;
            case "tenant":
                fault = "scope tenant needs a valid service and org.";
                return false;
            default:
                fault = "scope must be tenant, server or all.";
                return false;
        }
    }

    [LoggerMessage(EventId = 5104, EventName = "DashboardAction", Level = LogLevel.Information, Message = "Dashboard: {Command} on {Target} asked by {By}: {Reason}")]
    private partial void LogAsked(string command, OperatorTarget target, string by, string reason);
}
