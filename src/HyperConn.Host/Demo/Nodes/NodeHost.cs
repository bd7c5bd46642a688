using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Hosting;
using Akka.Remote.Hosting;
using HyperConn.Cluster.Nodes;
using HyperConn.Events;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>One node of the demo, in a process of its own: pools, a worker, and a place in the cluster.</summary>
internal static class NodeHost
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan JoinPatience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(10);

    /// <summary>Works until told to stop, and says every moment how it goes.</summary>
    /// <param name="settings">What it is told.</param>
    /// <param name="join">Nodes any of which to join; none: it is the first.</param>
    /// <param name="output">Where <see cref="NodeLine"/>s go.</param>
    /// <param name="orders">When to begin to work, which it does as a member of the cluster, and what else to do.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task RunAsync(NodeSettings settings, IReadOnlyList<string> join, TextWriter output, NodeOrders orders, CancellationToken stop)
    {
        var tenants = settings.Tenants.Select(tenant => tenant.ToTenant()).ToList();
        using var host = Build(settings, tenants);
        await host.StartAsync(stop);
        var system = host.Services.GetRequiredService<ActorSystem>();
        var cluster = Akka.Cluster.Cluster.Get(system);
        await cluster.JoinSeedNodesAsync(join.Count == 0 ? [cluster.SelfAddress] : join.Select(Address.Parse), stop).WaitAsync(JoinPatience, stop);
        var worker = host.Services.GetRequiredService<TenantEventWorker>();
        await WriteAsync(host, cluster, worker, output);
        await orders.HasBegun.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await worker.StartAsync(CancellationToken.None);
        using var timer = new PeriodicTimer(Interval);

        // A node that the others have removed ends by itself.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        try
        {
            do
            {
                while (orders.Others.TryRead(out var order))
                    await NodeCuts.ExecuteAsync(system, order);
            }
            while (await TryWriteAsync(host, cluster, worker, output) && await timer.WaitForNextTickAsync(end.Token));
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }

        await worker.StopAsync(CancellationToken.None);
        await TryWriteAsync(host, cluster, worker, output);
        await host.StopAsync(CancellationToken.None);
    }

    /// <returns>False: the pools have drained, or nobody is there any more to say how they stand.</returns>
    private static async Task<bool> TryWriteAsync(IHost host, Akka.Cluster.Cluster cluster, TenantEventWorker worker, TextWriter output)
    {
        try
        {
            await WriteAsync(host, cluster, worker, output);
            return true;
        }
        catch (Exception e) when (e is AskTimeoutException or HyperConnException { Code: HyperConnErrorCode.ShuttingDown })
        {
            return false;
        }
    }

    private static async Task WriteAsync(IHost host, Akka.Cluster.Cluster cluster, TenantEventWorker worker, TextWriter output)
    {
        var statistics = await host.Services.GetRequiredService<ITenantPools>().GetStatisticsAsync();
        var agent = await host.Services.GetRequiredService<IReadOnlyActorRegistry>().GetAsync<HyperConnCluster>();
        var status = await agent.Ask<NodeStatus>(GetNodeStatus.Instance, AskPatience);
        var events = worker.GetStatistics();
        var wrong = events.Causes.Where(cause => cause.Code == DemoEventHandler.WrongTenant).Sum(cause => cause.Rejected);
        await output.WriteLineAsync(new NodeLine
        {
            Address = cluster.SelfAddress.ToString(),
            Tag = status.Tag,
            Events = events.Ended,
            Failed = events.Rejected - wrong,
            WrongTenant = wrong,
            PoolsCreated = statistics.PoolsCreated,
            Evictions = statistics.Evictions.ToDictionary(reason => reason.Key.ToString(), reason => reason.Value),
            Hot = statistics.HotAcquisitions,
            Cold = statistics.ColdAcquisitions,
            SecretCalls = statistics.Secrets.StoreCalls,
            Share = status.Servers.Sum(server => server.Share),
            Held = status.Servers.Sum(server => server.Held),
            Causes = events.Causes.Where(cause => cause.Rejected > 0).ToDictionary(cause => cause.Code, cause => cause.Rejected),
        }.ToString());
        await output.FlushAsync();
    }

    private static IHost Build(NodeSettings settings, List<ProvisionedTenant> tenants)
    {
        var builder = HostComposition.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddSimpleConsole().Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = settings.Project;
            o.Services = [.. settings.Services];
            o.Secrets.Store = "file";
            o.Secrets.File.Path = settings.Secrets;
            o.Pools.MaxPools = settings.MaxPools;
            o.Pools.IdleTimeToLive = settings.IdleTimeToLive;
        });
        builder.Services.AddSingleton<ITenantEventSource>(_ => new GeneratedEvents(tenants, Random.Shared));
        builder.Services.AddTenantEventWorker(o => (o.Workers, o.Inbox) = (settings.Workers, false)).AddHandler(new DemoEventHandler(tenants, settings.WorkTime));
        builder.Services.AddAkka("demo", (akka, _) => akka
            .WithHostLogging()
            .AddHocon(settings.CanBeCut ? NodeCuts.Hocon : "", HoconAddMode.Prepend)
            .WithRemoting("127.0.0.1", 0)
            .WithClustering()
            .WithHyperConn()
            .WithHyperConnCluster());
        return builder.Build();
    }
}
