using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.DependencyInjection;
using HyperConn.Cluster.Hosting;
using HyperConn.Events;
using HyperConn.Pools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace HyperConn.Cluster.Sharding;

/// <summary>Puts the parts of tenants on one node each together.</summary>
internal static class ShardingStart
{
    private const string Section = "hyperconn.cluster.sharding";
    private const string AkkaSection = "akka.cluster.sharding";
    private const string TypeName = "hyperconn-tenants";

    /// <summary>This node may have tenants.</summary>
    public static void StartRegion<THandler>(ActorSystem system, IDependencyResolver resolver, Action<TenantShardingOptions>? configure)
        where THandler : class, ITenantEventHandler
    {
        var (options, runtime) = (Options(system, configure), Prerequisites.RuntimeFor(system, resolver, "WithTenantSharding()"));
        if (resolver.GetService<IServiceProviderIsService>()?.IsService(typeof(THandler)) != true)
            throw Prerequisites.NotConfigured($"WithTenantSharding<{typeof(THandler).Name}>() needs {typeof(THandler).Name} in the container, such as services.AddScoped<{typeof(THandler).Name}>().");
        var handling = new ShardHandling(
            resolver.GetService<ITenantPools>(),
            new TenantEventHandlers([new HandlerRegistration([TenantEvent.DefaultType], null, scope => scope.GetRequiredService<THandler>())]),
            resolver.GetService<IOptions<TenantEventOptions>>().Value,
            resolver.GetService<IServiceScopeFactory>(),
            runtime.Time,
            runtime.Loggers.CreateLogger("HyperConn.Cluster"));
        var region = ClusterSharding.Get(system).Start(
            TypeName,
            id => TenantEntityId.TryParse(id, out var tenant)
                ? TenantActor.CreateProps(tenant, handling, options)
                : throw new ArgumentException("It is no tenant's id.", nameof(id)),
            Settings(system.Settings.Config).WithRole(options.Role!),
            new TenantMessageExtractor(options.Shards),
            ClusterSharding.Get(system).DefaultShardAllocationStrategy(Settings(system.Settings.Config)),
            StopTenant.Moving);
        var end = new CancellationTokenSource();
        system.RegisterOnTermination(end.Cancel);
        _ = handling.CleanAsync(end.Token);
        Connect(system, resolver, region, runtime, options);
    }

    /// <summary>This node only sends.</summary>
    public static void StartProxy(ActorSystem system, IDependencyResolver resolver, Action<TenantShardingOptions>? configure)
    {
        var (options, runtime) = (Options(system, configure), Prerequisites.RuntimeFor(system, resolver, "WithTenantShardingProxy()"));

        // Without one the oldest member would have to know where tenants are, and that may be one which only sends.
        if (options.Role is not { } role)
            throw Prerequisites.NotConfigured($"WithTenantShardingProxy() needs {Section}.role: the role of the nodes that handle events.");
        var region = ClusterSharding.Get(system).StartProxy(TypeName, role, new TenantMessageExtractor(options.Shards));
        Connect(system, resolver, region, runtime, options);
    }

    private static void Connect(
        ActorSystem system, IDependencyResolver resolver, IActorRef region, PoolRuntime runtime, TenantShardingOptions options)
    {
        var shards = resolver.GetService<TenantShards>() ?? throw Prerequisites.NotConfigured("Tenants' shards need services.AddTenantShards() on the same container.");
        var sent = new SentEvents();
        var sender = system.ActorOf(ShardSender.CreateProps(sent, region, runtime.Monotonic, options.AnswerTimeout), "hyperconn-shard-sender");
        shards.Start(new ShardLine(sender, sent, new FrameLimit(system)));
    }

    private static TenantShardingOptions Options(ActorSystem system, Action<TenantShardingOptions>? configure) =>
        Prerequisites.Bind(system.Settings.Config, Section, configure, options => options.Faults());

    /// <summary>
    /// Akka's settings, but for what would be wrong here: nothing is written to a journal, no tenant is started again that nobody asked for, and tenants
    /// stop by themselves when they are idle.
    /// </summary>
    private static ClusterShardingSettings Settings(Config config)
    {
        const string Limit = "least-shard-allocation-strategy.rebalance-absolute-limit";
        var theirs = config.GetConfig(AkkaSection);

        // The newer way to even the shards out takes a round or two; the older one moves three at a time.
        var limit = theirs.GetInt(Limit) is > 0 and var set ? set : 20;
        var ours = ConfigurationFactory.ParseString(
            $"""
            state-store-mode = ddata
            remember-entities = off
            passivate-idle-entity-after = off
            {Limit} = {limit}
            """).WithFallback(theirs);
        return ClusterShardingSettings.Create(ours, config.GetConfig(ours.GetString("coordinator-singleton")));
    }
}
