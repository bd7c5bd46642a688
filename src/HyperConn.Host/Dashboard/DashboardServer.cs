using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using HyperConn.Events;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;

namespace HyperConn.Host;

/// <summary>
/// Serves the dashboard, the API, health and metrics from inside any host. A web server of its own, so that a worker needs no web host
/// and the library no web framework.
/// </summary>
internal sealed partial class DashboardServer(
    IServiceProvider services,
    DashboardOptions options,
    TelemetryOptions telemetry,
    ILogger<DashboardServer> log) : IHostedService, IAsyncDisposable
{
    private const string MetricsPath = "/metrics";
    private const int MaxRequestBytes = 16 * 1024;

    // Streams end at once; this is for a client that doesn't take what it asked for.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stop = new();
    private Task _warming = Task.CompletedTask;
    private WebApplication? _app;
    private DashboardFeed? _feed;
    private NodeFeeds? _feeds;

    /// <summary>Address it is served at, with the port in force; null before the start or when switched off.</summary>
    public Uri? Address { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.Enabled)
            return;
        var faults = options.Faults().Concat(telemetry.Faults()).ToList();
        if (faults.Count > 0)
            throw CantStart(string.Join(' ', faults));

        var clock = services.GetService<TimeProvider>() ?? TimeProvider.System;
        var logs = services.GetRequiredService<ILoggerFactory>();
        _feed = Feed(services.GetRequiredService<IStatisticsSource>(), services.GetService<TenantEventWorker>(), null);
        _feeds = new NodeFeeds(_feed, services.GetService<IHyperConnNodes>(), source => Feed(source, null, NodeFeeds.KeepUnread), clock);
        _app = Build(clock, logs, options.Endpoint!.Port);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (IOException taken) when (options.AnyPortIfTaken && taken.InnerException is AddressInUseException)
        {
            await _app.DisposeAsync();
            _app = Build(clock, logs, port: 0);
            await _app.StartAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            throw CantStart($"It can't listen on {options.Url}: {exception.Message}");
        }

        await _feed.StartAsync(cancellationToken);
        Address = AddressInForce(_app);
        _warming = WarmAsync(_app, _feed, _stop.Token);
        LogServing(Address, options.AdminToken is null ? "read-only: no admin token" : "actions need the admin token");

        DashboardFeed Feed(IStatisticsSource source, TenantEventWorker? worker, TimeSpan? keepUnread) => new(
            source,
            services.GetRequiredService<OperatorEvents>(),
            options,
            services.GetService<Microsoft.Extensions.Options.IOptions<HyperConnOptions>>()?.Value ?? new HyperConnOptions(),
            logs.CreateLogger<DashboardFeed>(),
            clock,
            worker,
            keepUnread);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _warming;
        if (_app is not null)
            await _app.StopAsync(cancellationToken);
        if (_feeds is not null)
            await _feeds.DisposeAsync();
        if (_feed is not null)
            await _feed.StopAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        _feed?.Dispose();
        _stop.Dispose();
    }

    private WebApplication Build(TimeProvider clock, ILoggerFactory logs, int port)
    {
        // An empty builder reads no environment variable and no file: what is served where is said in one place.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
            var certificate = Certificate();
            foreach (var address in options.Addresses())
            {
                // With a free port asked for, two addresses would get two ports.
                if (port == 0 && address.Equals(System.Net.IPAddress.IPv6Loopback) && options.Endpoint!.IdnHost == "localhost")
                    continue;
                kestrel.Listen(address, port, listen =>
                {
                    if (certificate is not null)
                        listen.UseHttps(certificate);
                });
            }
        });
        var inner = builder.Services;
        inner.Configure<HostOptions>(o => o.ShutdownTimeout = StopPatience);
        inner.AddRoutingCore();
        inner.AddSingleton<ILoggerFactory>(new FrameworkLogs(logs));
        inner.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        inner.AddSingleton(clock);
        inner.AddSingleton(options);
        inner.AddSingleton(_feed!);
        inner.AddSingleton(_feeds!);
        if (services.GetService<IHyperConnNodes>() is { } nodes)
            inner.AddSingleton(nodes);
        inner.AddSingleton(services.GetRequiredService<ITenantOperator>());
        inner.AddSingleton(services.GetRequiredService<HealthCheckService>());
        inner.AddSingleton<DashboardGuard>();
        inner.AddSingleton<DashboardActions>();
        inner.AddSingleton<DashboardAssets>();
        inner.AddOpenApi(api => api.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new() { Title = "HyperConn", Version = "v1", Description = "See, steer and measure the pools of every tenant." };
            document.Servers = [];
            return Task.CompletedTask;
        }));
        if (telemetry.Prometheus)
            inner.AddOpenTelemetry().WithMetrics(metrics =>
            {
                telemetry.Meters(metrics, services);
                metrics.AddPrometheusExporter();
            });
        var app = builder.Build();
        app.MapHyperConnDashboard();
        if (telemetry.Prometheus)
            app.MapPrometheusScrapingEndpoint(MetricsPath);
        return app;
    }

    /// <summary>Answers a scrape to nobody, so that the first of a collector doesn't wait for code to be compiled.</summary>
    private async Task WarmAsync(WebApplication app, DashboardFeed feed, CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var scrape = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().FirstOrDefault(e => e.RoutePattern.RawText == MetricsPath);
        if (scrape?.RequestDelegate is not { } answer)
            return;
        try
        {
            await feed.CurrentAsync(stop);
            await using var scope = app.Services.CreateAsyncScope();
            var nobody = new DefaultHttpContext { RequestServices = scope.ServiceProvider, RequestAborted = stop };
            nobody.Request.Method = HttpMethods.Get;
            nobody.Request.Path = MetricsPath;
            await answer(nobody);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogWarmingFailed(exception);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private X509Certificate2? Certificate()
    {
        if (options.Endpoint!.Scheme != Uri.UriSchemeHttps)
            return null;
        var path = options.CertificatePath!;
        try
        {
            return Path.GetExtension(path).ToLowerInvariant() is ".pfx" or ".p12"
                ? X509CertificateLoader.LoadPkcs12FromFile(path, null)
                : Usable(X509Certificate2.CreateFromPemFile(path, options.CertificateKeyPath ?? path));
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw CantStart($"The certificate '{path}' can't be used: {exception.Message}");
        }
    }

    // Windows doesn't serve with a key that is nowhere but in memory.
    private static X509Certificate2 Usable(X509Certificate2 certificate) =>
        OperatingSystem.IsWindows() ? X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null) : certificate;

    private static HyperConnException CantStart(string why) =>
        new(new HyperConnFailure(HyperConnErrorCode.NotConfigured, "The dashboard can't start. " + why));

    private Uri AddressInForce(WebApplication app)
    {
        var bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var port = new Uri(bound.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Port;
        return new UriBuilder(options.Endpoint!) { Port = port, Path = "/" }.Uri;
    }

    [LoggerMessage(EventId = 5100, EventName = "DashboardServing", Level = LogLevel.Information, Message = "Dashboard at {Address} ({Access})")]
    private partial void LogServing(Uri address, string access);

    [LoggerMessage(EventId = 5105, EventName = "DashboardWarmingFailed", Level = LogLevel.Debug, Message = "The first scrape, made to nobody, failed")]
    private partial void LogWarmingFailed(Exception exception);
}

/// <summary>Adds the dashboard to a host.</summary>
internal static class DashboardServices
{
    /// <summary>
    /// Serves the dashboard while the host runs, with <c>/healthz</c>, <c>/readyz</c> and <c>/metrics</c>. Needs <c>AddHyperConn</c>.
    /// After the start, <see cref="DashboardServer.Address"/> says where.
    /// </summary>
    public static IServiceCollection AddHyperConnDashboard(this IServiceCollection services, DashboardOptions options, TelemetryOptions? telemetry = null)
    {
        services.AddMetrics();
        services.AddHealthChecks().AddHyperConn();
        services.AddHyperConnExport(telemetry ?? new TelemetryOptions());
        services.AddSingleton(options);
        services.AddSingleton(telemetry ?? new TelemetryOptions());
        services.AddSingleton<DashboardServer>();
        services.AddHostedService(sp => sp.GetRequiredService<DashboardServer>());
        return services;
    }
}
