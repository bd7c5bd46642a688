using System.Diagnostics;
using Akka.Hosting;
using HyperConn.Events;

namespace HyperConn.Host.Demo;

/// <summary>
/// The demo from nothing to nothing: a server, tenants, secrets, the worker, and at the end a look at what is left.
/// </summary>
internal sealed class DemoRunner(DemoOptions options, IDemoView view)
{
    private const string Project = "demo";
    private static readonly TimeSpan SessionPatience = TimeSpan.FromSeconds(10);
    private static readonly string[] Services = ["core", "billing"];

    /// <summary>Runs the demo.</summary>
    /// <param name="stop">Ends the feeding of events early; everything after it still happens.</param>
    /// <exception cref="PostgresUnavailableException">There is no PostgreSQL server to be had.</exception>
    /// <exception cref="OperationCanceledException">Stopped before the first event.</exception>
    public async Task<DemoSummary> RunAsync(CancellationToken stop)
    {
        view.Say("Starting PostgreSQL");
        var settings = new PostgresServerOptions { MaxConnections = options.MaxConnections };
        await using var server = await PostgresSources.StartAsync(settings, notice: view.Notice, cancellationToken: stop);
        view.Say($"{server}; making {options.Tenants} tenants");
        // Few tenants still show both ways of living: alone in a database, and in a schema of a shared one.
        var plan = new TenantPlan { Tenants = options.Tenants, OwnDatabases = Math.Min(20, options.Tenants / 2), Services = Services };
        await using var provisioner = await TenantProvisioner.CreateAsync(server, plan, stop);
        using var secrets = new SecretsFile(
            Path.Combine(await server.CreateScratchFolderAsync(stop), "secrets.json"), Project, provisioner.Tenants);
        await secrets.WriteAsync(stop);
        view.Say($"{provisioner.Tenants.Count} tenants in {provisioner.Tenants.Select(tenant => tenant.Database).Distinct().Count()} databases");

        using var logs = new RecentLogs();
        using var host = Build(provisioner, secrets, logs);
        await host.StartAsync(stop);
        if (host.Services.GetRequiredService<DashboardServer>().Address is { } address)
            view.Say($"Dashboard: {address}  admin token: {host.Services.GetRequiredService<DashboardOptions>().AdminToken}");
        var situation = new DemoSituation
        {
            Options = options,
            Worker = host.Services.GetRequiredService<TenantEventWorker>(),
            Pools = host.Services.GetRequiredService<ITenantPools>(),
            Sessions = new SessionSampler(provisioner),
            Rotation = new SecretRotation(
                provisioner, secrets, options.RotationInterval, Random.Shared, host.Services.GetRequiredService<ILogger<SecretRotation>>()),
            Logs = logs,
        };
        var elapsed = await FeedAsync(host, situation, stop);
        return await FinishAsync(host, situation, provisioner, elapsed, server.Control is not null);
    }

    private async Task<TimeSpan> FeedAsync(IHost host, DemoSituation situation, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        end.CancelAfter(options.Duration);
        var watch = Stopwatch.StartNew();
        await situation.Worker.StartAsync(CancellationToken.None);
        await Task.WhenAll(
            situation.Sessions.RunAsync(end.Token),
            options.Rotate ? situation.Rotation.RunAsync(end.Token) : Task.CompletedTask,
            view.RunAsync(situation, end.Token),
            Task.Delay(Timeout.Infinite, end.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default));
        await situation.Worker.StopAsync(CancellationToken.None);
        return watch.Elapsed;
    }

    private async Task<DemoSummary> FinishAsync(
        IHost host, DemoSituation situation, TenantProvisioner provisioner, TimeSpan elapsed, bool isOurs)
    {
        view.Say("Draining");
        await situation.Pools.DrainAllAsync();
        var statistics = await situation.Pools.GetStatisticsAsync();
        await host.StopAsync();
        var left = await situation.Sessions.WaitForNoneAsync(SessionPatience);
        var (rows, foreign) = await provisioner.CountRowsAsync();
        var events = situation.Events;
        return new DemoSummary
        {
            Tenants = provisioner.Tenants.Count,
            Events = events.Ended,
            Failed = events.Rejected - situation.WrongTenant,
            WrongTenant = situation.WrongTenant + foreign,
            Rows = rows,
            PoolsCreated = statistics.PoolsCreated,
            Evictions = statistics.Evictions.Values.Sum(),
            EvictionsByReason = statistics.Evictions.ToDictionary(
                reason => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(reason.Key.ToString()), reason => reason.Value),
            HotAcquisitions = statistics.HotAcquisitions,
            ColdAcquisitions = statistics.ColdAcquisitions,
            SecretCalls = statistics.Secrets.StoreCalls,
            Rotations = situation.Rotation.Done,
            PeakServerSessions = situation.Sessions.Peak,
            SessionsLeft = left,
            ElapsedSeconds = Math.Round(elapsed.TotalSeconds, 3),
            MaxConnections = isOurs ? options.MaxConnections : null,
            FailuresByCause = events.Causes.Where(cause => cause.Rejected > 0).ToDictionary(cause => cause.Code, cause => cause.Rejected),
        };
    }

    private IHost Build(TenantProvisioner provisioner, SecretsFile secrets, RecentLogs logs)
    {
        var builder = HostComposition.CreateBuilder();
        builder.Logging.AddProvider(logs);
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = Project;
            o.Services = Services;
            o.Secrets.Store = "file";
            o.Secrets.File.Path = secrets.Path;
            o.Pools.MaxPools = options.MaxPools;
            o.Pools.IdleTimeToLive = options.IdleTimeToLive;
        });
        builder.Services.AddSingleton<ITenantEventSource>(_ => new GeneratedEvents(provisioner.Tenants, Random.Shared));
        // No inbox: what is made up here never comes twice, and the demo counts the rows of one insert each.
        builder.Services.AddTenantEventWorker(o => (o.Workers, o.Inbox) = (options.Workers, false)).AddHandler(new DemoEventHandler(provisioner.Tenants));
        builder.Services.AddAkka("hyperconn", (akka, _) => akka.WithHostLogging().WithHyperConn());
        builder.Services.AddHyperConnDashboard(new DashboardOptions
        {
            Enabled = options.Dashboard,
            Url = $"http://127.0.0.1:{options.Port}",
            AdminToken = DashboardOptions.GenerateToken(),
        });
        return builder.Build();
    }
}

/// <summary>What a view looks at while the demo runs.</summary>
internal sealed class DemoSituation
{
    public required DemoOptions Options { get; init; }

    public required TenantEventWorker Worker { get; init; }

    public required ITenantPools Pools { get; init; }

    public required SessionSampler Sessions { get; init; }

    public required SecretRotation Rotation { get; init; }

    public required RecentLogs Logs { get; init; }

    /// <summary>What became of the events so far.</summary>
    public TenantEventStatistics Events => Worker.GetStatistics();

    /// <summary>Events that ran as somebody else.</summary>
    public long WrongTenant => Events.Causes.Where(cause => cause.Code == DemoEventHandler.WrongTenant).Sum(cause => cause.Rejected);

    /// <summary>Time since the first event.</summary>
    public Stopwatch Elapsed { get; } = Stopwatch.StartNew();
}
