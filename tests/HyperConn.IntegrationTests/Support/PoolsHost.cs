using Akka.Actor;
using Akka.Hosting;
using HyperConn.Pools;
using HyperConn.Servers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HyperConn.Tests.Support;

/// <summary>A host with HyperConn in it, put together as an application does it.</summary>
internal sealed class PoolsHost : IAsyncDisposable
{
    private readonly IHost _host;
    private bool _stopped;

    private PoolsHost(IHost host)
    {
        _host = host;
        Pools = host.Services.GetRequiredService<ITenantPools>();
        Runtime = host.Services.GetRequiredService<PoolRuntime>();
    }

    public ITenantPools Pools { get; }

    public PoolRuntime Runtime { get; }

    public IServiceProvider Services => _host.Services;

    public IActorRef Supervisor => _host.Services.GetRequiredService<ActorRegistry>().Get<PoolSupervisor>();

    public OperatorEvents Events => _host.Services.GetRequiredService<OperatorEvents>();

    /// <summary>The only server.</summary>
    public ServerState Server => Runtime.Servers.Values.Single();

    /// <summary>How many actors an actor has made that have not ended.</summary>
    public static int ChildrenOf(IActorRef actor) => ((ActorRefWithCell)actor).Children.Count();

    public static async Task<PoolsHost> StartAsync(
        ISecretStore? secrets, Action<HyperConnOptions>? configure = null, ILoggerProvider? logs = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(60));
        builder.Logging.SetMinimumLevel(logs is null ? LogLevel.Warning : LogLevel.Trace);
        if (logs is not null)
            builder.Logging.AddProvider(logs);
        if (secrets is not null)
            builder.Services.AddSingleton(secrets);
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = MemorySecretStore.Project;
            o.Pools.MaxPools = 1_000;
            configure?.Invoke(o);
        });
        builder.Services.AddAkka("test", (akka, _) => akka
            .AddHocon($"akka.stdout-loglevel = OFF\nakka.loglevel = {(logs is null ? "WARNING" : "DEBUG")}", HoconAddMode.Prepend)
            .ConfigureLoggers(loggers =>
            {
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
            })
            .WithHyperConn());
        var host = builder.Build();
        await host.StartAsync();
        return new PoolsHost(host);
    }

    /// <summary>Stops the host as its owner would.</summary>
    public async Task StopAsync()
    {
        _stopped = true;
        await _host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
            await StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }
}
