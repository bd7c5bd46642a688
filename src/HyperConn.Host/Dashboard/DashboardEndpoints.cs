using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace HyperConn.Host;

/// <summary>Routes of the page, the API, health and metrics.</summary>
internal static class DashboardEndpoints
{
    /// <summary>Maps everything behind the guard. Needs what <see cref="DashboardServer"/> registers.</summary>
    public static WebApplication MapHyperConnDashboard(this WebApplication app)
    {
        var guard = app.Services.GetRequiredService<DashboardGuard>();
        if (app.Services.GetRequiredService<DashboardOptions>().ForwardedHeaders() is { } forwarded)
            app.UseForwardedHeaders(forwarded);
        app.Use((context, next) => guard.InvokeAsync(context, new RequestDelegate(_ => next(context))));
        app.UseRouting();
        app.MapOpenApi("/api/v1/openapi.json");
        Api(app.MapGroup("/api/v1"));
        Health(app);
        app.MapGet("/{**path}", (DashboardAssets assets, HttpContext context) => assets.ServeAsync(context)).ExcludeFromDescription();
        return app;
    }

    private static void Api(RouteGroupBuilder api)
    {
        api.MapGet("/overview", async Task<Results<Ok<Overview>, ProblemHttpResult>> (NodeFeeds feeds, CancellationToken token, string? node) =>
                feeds.Find(node) is { } feed ? TypedResults.Ok(await feed.OverviewAsync(token)) : NoNode())
            .WithName("getOverview").WithSummary("Totals, rates, history of the charts, and what needs attention.");
        api.MapGet("/stream", Results<ServerSentEventsResult<Tick>, ProblemHttpResult> (NodeFeeds feeds, HttpContext context, long? after, string? node) =>
            {
                if (feeds.Find(node) is not { } feed)
                    return NoNode();
                context.Response.Headers["X-Accel-Buffering"] = "no";
                var lastEventId = long.TryParse(context.Request.Headers["Last-Event-ID"].ToString(), out var id) ? id : (long?)null;
                var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
                return TypedResults.ServerSentEvents(DashboardStream.ReadAsync(feed, after ?? lastEventId, Linked(context, stopping)));
            })
            .WithName("getStream").WithSummary("The same as server-sent events, each interval, with new events.");
        Tenants(api);
        api.MapGet("/servers", async Task<Results<Ok<ServerList>, ProblemHttpResult>> (NodeFeeds feeds, CancellationToken token, string? node) =>
                feeds.Find(node) is { } feed ? TypedResults.Ok(await feed.ServersAsync(token)) : NoNode())
            .WithName("getServers").WithSummary("Budget of each PostgreSQL server, now and over time.");
        api.MapGet("/secrets", async Task<Results<Ok<SecretPage>, ProblemHttpResult>> (
                NodeFeeds feeds, CancellationToken token, string? search, string? sort, bool? desc, int? offset, int? limit, string? node) =>
            {
                if (PageFault(offset, limit, search) is { } fault)
                    return TypedResults.Problem(fault, statusCode: StatusCodes.Status400BadRequest);
                if (feeds.Find(node) is not { } feed)
                    return NoNode();
                var now = await feed.CurrentAsync(token);
                return TypedResults.Ok(SecretRows.Of(now.View, feed.ProjectName, search, sort ?? "name", desc ?? false, offset ?? 0, limit ?? 50));
            })
            .WithName("getSecrets").WithSummary("Age, version and next refresh of the secrets in use; never a value.");
        api.MapGet("/events", Results<Ok<EventPage>, ProblemHttpResult> (DashboardFeed feed, long? after, int? limit, string? kind, string? search) =>
                PageFault(0, limit, search) is { } fault
                    ? TypedResults.Problem(fault, statusCode: StatusCodes.Status400BadRequest)
                    : TypedResults.Ok(feed.Events(after ?? 0, limit ?? 200, kind, search)))
            .WithName("getEvents").WithSummary("Evictions, rotations, failures and operators' commands, newest first.");
        api.MapGet("/nodes", async (NodeFeeds feeds, CancellationToken token) => TypedResults.Ok(await feeds.ListAsync(token)))
            .WithName("getNodes").WithSummary("Nodes of the cluster, how each is, and who has what of each server.");
        api.MapGet("/access", (DashboardGuard guard, HttpContext context) =>
            {
                var token = DashboardGuard.HasToken(context);
                return TypedResults.Ok(new Access(token || guard.ReadsFreely, token, guard.TokenConfigured));
            })
            .WithName("getAccess").WithSummary("What the presented token allows.");
        api.MapPost("/actions", (ActionRequest request, DashboardActions actions, HttpContext context) => actions.ExecuteAsync(request, context))
            .WithName("postAction")
            .WithSummary("Pause, resume, drain, refresh or ban a tenant, a server or all, on every node of a cluster or one. Needs the admin token.")
            .Produces<ActionResponse>()
            .Produces<ActionResponse>(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden);
        api.MapGet("/{**rest}", () => Results.Problem("There is no such resource.", statusCode: StatusCodes.Status404NotFound)).ExcludeFromDescription();
    }

    private static void Tenants(RouteGroupBuilder api)
    {
        api.MapGet("/tenants", async Task<Results<Ok<TenantPage>, ProblemHttpResult>> (
                NodeFeeds feeds, CancellationToken token, string? search, string? state, string? server, string? service, string? sort, bool? desc, int? offset, int? limit,
                string? node) =>
            {
                if (feeds.Find(node) is not { } feed)
                    return NoNode();
                var query = new TenantQuery(search, string.IsNullOrEmpty(state) ? null : state, server, service, sort ?? "name", desc ?? false, offset ?? 0, limit ?? 50);
                if (query.Fault() is { } fault)
                    return TypedResults.Problem(fault, statusCode: StatusCodes.Status400BadRequest);
                return TypedResults.Ok(query.Run((await feed.CurrentAsync(token)).View));
            })
            .WithName("getTenants").WithSummary("Tenants with a live pool or a remembered failure: search, filter, sort, page.");
        api.MapGet("/tenant", async Task<Results<Ok<TenantRow>, ProblemHttpResult>> (NodeFeeds feeds, CancellationToken token, string service, string org, string? node) =>
            {
                if (feeds.Find(node) is not { } feed)
                    return NoNode();
                var view = (await feed.CurrentAsync(token)).View;
                var found = TenantKey.TryCreate(service, org, out var key) ? Array.Find(view.Entries, e => e.Tenant.Tenant == key) : null;
                return found is null
                    ? TypedResults.Problem("The tenant has no live pool and no remembered failure.", statusCode: StatusCodes.Status404NotFound)
                    : TypedResults.Ok(found.ToRow());
            })
            .WithName("getTenant").WithSummary("One tenant.");
        api.MapGet("/tenants/map", async Task<Results<Ok<TenantMap>, ProblemHttpResult>> (NodeFeeds feeds, CancellationToken token, string? node) =>
                feeds.Find(node) is { } feed ? TypedResults.Ok((await feed.CurrentAsync(token)).View.Map()) : NoNode())
            .WithName("getTenantMap").WithSummary("Every tenant's state as one letter, in the order of sort=name.");
    }

    private static void Health(WebApplication app)
    {
        foreach (var (path, tag) in new[] { ("/healthz", "live"), ("/readyz", "ready") })
        {
            app.MapGet(path, async (HealthCheckService health, DashboardGuard guard, HttpContext context) =>
                {
                    var report = await health.CheckHealthAsync(r => r.Tags.Contains(tag), context.RequestAborted);
                    var status = report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;

                    // Probes beyond loopback carry no token: they learn the verdict and no more.
                    var detailed = guard.ReadsFreely || DashboardGuard.HasToken(context);
                    return Results.Json(
                        new
                        {
                            status = report.Status.ToString(),
                            checks = detailed
                                ? report.Entries.ToDictionary(e => e.Key, e => new { status = e.Value.Status.ToString(), e.Value.Description, e.Value.Data })
                                : null,
                        },
                        statusCode: status);
                })
                .ExcludeFromDescription();
        }
    }

    private static ProblemHttpResult NoNode() =>
        TypedResults.Problem("There is no such node. node is all, this, or the address of a member of the cluster.", statusCode: StatusCodes.Status404NotFound);

    private static string? PageFault(int? offset, int? limit, string? search) => (offset, limit, search) switch
    {
        ( < 0, _, _) => "offset must be 0 or more.",
        (_, < 1 or > TenantQuery.MaxLimit, _) => $"limit must be 1 to {TenantQuery.MaxLimit}.",
        (_, _, { Length: > 200 }) => "search must be at most 200 characters.",
        _ => null,
    };

    private static CancellationToken Linked(HttpContext context, CancellationToken stopping)
    {
        var linked = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.Response.RegisterForDispose(linked);
        return linked.Token;
    }
}
