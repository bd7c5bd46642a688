using Akka.Actor;
using Akka.Hosting;
using HyperConn.EntityFrameworkCore;
using HyperConn.Pools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HyperConn.Chaos.World;

/// <summary>A host with HyperConn in it, put together as an application does it.</summary>
internal sealed class ChaosHost : IAsyncDisposable
{
    public const string Project = "chaos";

    private readonly IHost _host;
    private readonly CancellationTokenSource _stopped = new();

    private ChaosHost(IHost host, Shares shares)
    {
        _host = host;
        Shares = shares;
        Pools = host.Services.GetRequiredService<ITenantPools>();
        Operator = host.Services.GetRequiredService<ITenantOperator>();
        Runtime = host.Services.GetRequiredService<PoolRuntime>();
        Contexts = host.Services.GetRequiredService<ITenantDbContextFactory<ChaosContext>>();
        Supervisor = host.Services.GetRequiredService<ActorRegistry>().Get<PoolSupervisor>();
        Stopped = _stopped.Token;
    }

    public ITenantPools Pools { get; }

    public ITenantOperator Operator { get; }

    public PoolRuntime Runtime { get; }

    public ITenantDbContextFactory<ChaosContext> Contexts { get; }

    public IActorRef Supervisor { get; }

    /// <summary>What of each server is this process's.</summary>
    public Shares Shares { get; }

    /// <summary>Cancelled when its stop has ended: whoever waits for an actor of it waits in vain.</summary>
    public CancellationToken Stopped { get; }

    /// <summary>Starts one.</summary>
    /// <param name="secretsUrl">Endpoint that speaks Secrets Manager's wire.</param>
    /// <param name="clock">The clock it goes by.</param>
    /// <param name="budgets">Limits of the servers.</param>
    /// <param name="logs">Where it logs.</param>
    public static async Task<ChaosHost> StartAsync(string secretsUrl, TimeProvider clock, Budgets budgets, ILoggerProvider logs)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Information);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(60));
        builder.Services.AddSingleton(clock);
        builder.Services.AddTenantDbContextFactory<ChaosContext>();
        builder.Services.AddHyperConn(options =>
        {
            options.ProjectName = Project;
            options.Secrets.Store = "aws";
            options.Secrets.Aws.Region = "eu-west-1";
            options.Secrets.Aws.ServiceUrl = secretsUrl;
            options.Secrets.Aws.AccessKeyId = options.Secrets.Aws.SecretAccessKey = "chaos";
            options.Secrets.Aws.Timeout = TimeSpan.FromSeconds(2);
            options.Secrets.Aws.MaxRetries = 1;
            options.Secrets.TimeToLive = TimeSpan.FromSeconds(30);
            options.Secrets.FailureTimeToLive = TimeSpan.FromSeconds(1);
            options.Pools.MaxPools = 150;
            options.Pools.IdleTimeToLive = TimeSpan.FromSeconds(20);
            options.Pools.SweepInterval = TimeSpan.FromSeconds(2);
            options.Pools.AcquireTimeout = Limits.Acquire;
            options.Pools.DrainTimeout = Limits.Drain;
            options.Connections.MaxPerTenant = 4;
            options.Connections.IdleLifetime = TimeSpan.FromSeconds(10);
            options.Connections.ConnectTimeout = Limits.Connect;
            options.Connections.CommandTimeout = Limits.Command;
            options.Servers.MaxConnections = Budgets.Normal;
        });
        builder.Services.AddAkka("chaos", (akka, _) => akka
            .AddHocon("akka { stdout-loglevel = OFF, loglevel = WARNING, log-dead-letters = off, log-dead-letters-during-shutdown = off }", HoconAddMode.Prepend)
            .ConfigureLoggers(loggers =>
            {
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
            })
            .WithHyperConn());
        var host = builder.Build();

        // Before the first pool, as HyperConn.Cluster does it: a limit that others have a say in can be changed while it is in use.
        var runtime = host.Services.GetRequiredService<PoolRuntime>();
        var shares = new Shares(budgets, runtime.Monotonic);
        runtime.ShareKeeper = shares;
        await host.StartAsync();
        return new ChaosHost(host, shares);
    }

    /// <summary>Ends it as its owner would.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        Shares.Stop();
        await ((IAsyncDisposable)_host).DisposeAsync();
        await _stopped.CancelAsync();
        _stopped.Dispose();
    }
}
