using Akka.Actor;
using Akka.Hosting;
using HyperConn.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HyperConn.Benchmarks.Running;

/// <summary>HyperConn in a host, as an application has it, without log output.</summary>
internal sealed class Manager : IAsyncDisposable
{
    public const string Project = "bench";

    private readonly IHost _host;

    private Manager(IHost host, ISecretStore store)
    {
        _host = host;
        Store = store;
        Pools = host.Services.GetRequiredService<ITenantPools>();
        System = host.Services.GetRequiredService<ActorSystem>();
        Supervisor = host.Services.GetRequiredService<IRequiredActor<PoolSupervisor>>().ActorRef;
    }

    public ITenantPools Pools { get; }

    public ActorSystem System { get; }

    public IActorRef Supervisor { get; }

    public IServiceProvider Services => _host.Services;

    public ISecretStore Store { get; }

    /// <summary>Where the dashboard is; null where none was asked for.</summary>
    public Uri? Dashboard => _host.Services.GetService<DashboardServer>()?.Address;

    public static async Task<Manager> StartAsync(
        ISecretStore store,
        Action<HyperConnOptions>? configure = null,
        DashboardOptions? dashboard = null,
        Action<IServiceCollection>? services = null,
        Action<AkkaConfigurationBuilder>? akka = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(store);
        services?.Invoke(builder.Services);
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = Project;
            o.Pools.MaxPools = 100_000;
            configure?.Invoke(o);
        });
        builder.Services.AddAkka("bench", (actors, _) =>
        {
            actors
                .AddHocon("akka { stdout-loglevel = OFF, loglevel = WARNING, log-dead-letters = off, log-dead-letters-during-shutdown = off }", HoconAddMode.Prepend)
                .ConfigureLoggers(loggers => loggers.ClearLoggers())
                .WithHyperConn();
            akka?.Invoke(actors);
        });
        if (dashboard is not null)
            builder.Services.AddHyperConnDashboard(dashboard);
        builder.Logging.ClearProviders();
        var host = builder.Build();
        await host.StartAsync();
        return new Manager(host, store);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        else
            _host.Dispose();
    }
}
