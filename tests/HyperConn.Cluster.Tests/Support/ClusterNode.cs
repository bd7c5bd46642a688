using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Hosting;
using Akka.Remote.Hosting;
using HyperConn.Cluster.Diagnostics;
using HyperConn.Cluster.Nodes;
using HyperConn.Cluster.Operating;
using HyperConn.Pools;
using HyperConn.Servers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HyperConn.Tests.Support;

/// <summary>One node of a cluster on this machine, put together as an application does it. Several live in one process.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private readonly IHost _host;
    private bool _stopped;

    private ClusterNode(IHost host)
    {
        _host = host;
        System = host.Services.GetRequiredService<ActorSystem>();
        Pools = host.Services.GetRequiredService<ITenantPools>();
        Runtime = host.Services.GetRequiredService<PoolRuntime>();
    }

    public IServiceProvider Services => _host.Services;

    public ActorSystem System { get; }

    public ITenantPools Pools { get; }

    public PoolRuntime Runtime { get; }

    public Address Address => Akka.Cluster.Cluster.Get(System).SelfAddress;

    /// <summary>The only server, once it is used.</summary>
    public ServerState? Server => Runtime.Servers.Values.SingleOrDefault();

    /// <summary>Starts a node that joins another, or itself; or nobody.</summary>
    public static async Task<ClusterNode> StartAsync(
        ISecretStore secrets, ClusterNode? seed, Action<HyperConnOptions>? configure = null, Action<HyperConnClusterOptions>? cluster = null, string hocon = "",
        bool joins = true, Action<IServiceCollection>? services = null, Action<AkkaConfigurationBuilder>? akka = null, string? role = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(60));
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(secrets);
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = MemorySecretStore.Project;
            o.Pools.MaxPools = 1_000;
            configure?.Invoke(o);
        });
        services?.Invoke(builder.Services);
        builder.Services.AddMetrics().AddHealthChecks().AddHyperConnCluster();
        builder.Services.AddAkka("test", (actors, _) =>
        {
            actors
                .AddHocon($"akka.stdout-loglevel = OFF\nakka.loglevel = WARNING\nakka.cluster.log-info = off\n{hocon}", HoconAddMode.Prepend)
                .ConfigureLoggers(loggers => loggers.ClearLoggers())
                .WithRemoting("127.0.0.1", 0)
                .WithClustering(new ClusterOptions { Roles = role is null ? [] : [role] })
                .WithHyperConn()
                .WithHyperConnCluster(cluster);
            akka?.Invoke(actors);
        });
        var host = builder.Build();
        await host.StartAsync();
        var node = new ClusterNode(host);
        if (joins)
            await Akka.Cluster.Cluster.Get(node.System).JoinAsync(seed?.Address ?? node.Address).WaitAsync(TimeSpan.FromSeconds(60));
        return node;
    }

    /// <summary>All nodes, as this one sees them.</summary>
    public IHyperConnNodes Nodes => _host.Services.GetRequiredService<IHyperConnNodes>();

    /// <summary>The meter of the cluster's metrics.</summary>
    public Meter Meter => _host.Services.GetRequiredService<ClusterMeter>().Meter;

    /// <summary>What the health check says.</summary>
    public async Task<(HealthStatus Status, string Description)> HealthAsync(TimeSpan? maxSilence = null)
    {
        if (maxSilence is { } silence)
        {
            var check = new ClusterCheck(_host.Services.GetRequiredService<NodeView>(), new HyperConnClusterHealthOptions { MaxSilence = silence });
            var registration = new HealthCheckRegistration("hyperconn-cluster", check, HealthStatus.Unhealthy, []);
            var result = await check.CheckHealthAsync(new HealthCheckContext { Registration = registration });
            return (result.Status, result.Description!);
        }

        var report = await _host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Tags.Contains(HyperConnHealthChecks.Ready));
        var entry = report.Entries["hyperconn-cluster"];
        return (entry.Status, entry.Description!);
    }

    /// <summary>The node's desk ends: it answers nobody any more.</summary>
    public async Task CloseDeskAsync()
    {
        var desk = await System.ActorSelection($"/user/{NodeDesk.Name}").ResolveOne(TimeSpan.FromSeconds(10));
        await desk.GracefulStop(TimeSpan.FromSeconds(10));
    }

    public async Task<NodeStatus> StatusAsync() =>
        await (await _host.Services.GetRequiredService<IReadOnlyActorRegistry>().GetAsync<HyperConnCluster>())
            .Ask<NodeStatus>(GetNodeStatus.Instance, TimeSpan.FromSeconds(10));

    public async Task<CoordinatorStatus> CoordinatorAsync() =>
        await (await _host.Services.GetRequiredService<IReadOnlyActorRegistry>().GetAsync<HyperConnCluster>())
            .Ask<CoordinatorStatus>(GetCoordinatorStatus.Instance, TimeSpan.FromSeconds(10));

    /// <summary>The actor system is gone at once, as far as others see, and the process's connections stay: nothing is drained.</summary>
    public async Task AbortAsync()
    {
        await System.Terminate();
        _stopped = true;
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
