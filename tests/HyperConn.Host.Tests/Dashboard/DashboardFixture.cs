using System.Collections.Concurrent;
using HyperConn.Diagnostics;
using HyperConn.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace HyperConn.Tests.Dashboard;

/// <summary>The dashboard on a real Kestrel on loopback, in front of a <see cref="FakeManager"/>.</summary>
internal sealed class DashboardFixture : IAsyncDisposable
{
    public const string Token = "canary-token-4f9c1e7b20";

    private readonly IHost _host;

    private DashboardFixture(IHost host, FakeManager manager, Uri address, LogSink logs)
    {
        _host = host;
        Manager = manager;
        Address = address;
        Logs = logs;
        Http = new HttpClient { BaseAddress = address };
    }

    public FakeManager Manager { get; }

    public Uri Address { get; }

    public LogSink Logs { get; }

    public HttpClient Http { get; }

    public static async Task<DashboardFixture> StartAsync(
        FakeManager? manager = null,
        Action<DashboardOptions>? configure = null,
        Action<HyperConnOptions>? settings = null,
        IHyperConnNodes? nodes = null)
    {
        manager ??= new FakeManager(200);
        var options = new DashboardOptions { Url = "http://127.0.0.1:0", AdminToken = Token, SampleInterval = TimeSpan.FromMilliseconds(200) };
        configure?.Invoke(options);
        var logs = new LogSink();
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        builder.Services.Configure<HyperConnOptions>(o =>
        {
            o.ProjectName = "acme";
            settings?.Invoke(o);
        });
        builder.Services.AddSingleton<IStatisticsSource>(manager);
        builder.Services.AddSingleton<ITenantOperator>(manager);
        builder.Services.AddSingleton(manager.Events);
        if (nodes is not null)
            builder.Services.AddSingleton(nodes);
        builder.Services.AddHyperConnDiagnostics(
            sp => sp.GetRequiredService<IOptions<HyperConnOptions>>().Value.Diagnostics,
            (_, command, token) => manager.ExecuteAsync(command, token));
        builder.Services.AddMetrics();
        builder.Services.AddHyperConnDashboard(options);
        var host = builder.Build();
        try
        {
            await host.StartAsync();
        }
        catch
        {
            host.Dispose();
            throw;
        }

        return new DashboardFixture(host, manager, host.Services.GetRequiredService<DashboardServer>().Address!, logs);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        else
            _host.Dispose();
    }
}

/// <summary>Keeps every line that is logged.</summary>
internal sealed class LogSink : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, Lines);

    public void Dispose()
    {
    }

    private sealed class Logger(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel} {category}[{eventId.Id}] {formatter(state, exception)} {exception}");
    }
}
