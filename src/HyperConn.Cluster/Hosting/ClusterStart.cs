using Akka.Actor;
using Akka.Configuration;
using Akka.DependencyInjection;
using Akka.Hosting;
using HyperConn.Cluster.Nodes;
using HyperConn.Cluster.Operating;
using HyperConn.Cluster.Protocol;
using HyperConn.Configuration;
using HyperConn.Pools;

namespace HyperConn.Cluster.Hosting;

/// <summary>Puts the cluster's parts together.</summary>
internal static class ClusterStart
{
    private const string Section = "hyperconn.cluster";

    public static void Start(ActorSystem system, IActorRegistry registry, IDependencyResolver resolver, Action<HyperConnClusterOptions>? configure)
    {
        var options = Options(system.Settings.Config, configure);
        if (!system.Settings.HasCluster)
            throw NotConfigured("WithHyperConnCluster() needs WithClustering(...), which makes the actor system a node of a cluster.");
        if (ResolverFaults(system.Settings.Config, options).ToList() is { Count: > 0 } faults)
            throw NotConfigured(string.Join(" ", faults));
        var runtime = resolver.GetService<PoolRuntime>();
        if (runtime is null || runtime.Supervisor.IsNobody())
            throw NotConfigured("Call WithHyperConn() before WithHyperConnCluster().");

        var tags = new SessionTags($"{system.Name}/{runtime.Options.ProjectName}");
        var self = ClusterRoster.IdOf(Akka.Cluster.Cluster.Get(system).SelfUniqueAddress);
        runtime.Options.SessionTag = tags.Of(self);
        var logger = runtime.Loggers.CreateLogger("HyperConn.Cluster");
        system.ActorOf(ShareCoordinator.CreateProps(runtime.Monotonic, options.ShareValidity, options.Role, logger), ShareCoordinator.Name);
        var agent = system.ActorOf(ShareAgent.CreateProps(new NodeAgreement(self), runtime, tags, options.ShareValidity, options.Role), "hyperconn-shares");
        runtime.ShareKeeper = new ShareKeeper(agent, runtime.Monotonic);
        if (!runtime.Servers.IsEmpty)
            throw NotConfigured("A pool was asked for before the actor system had started. Start what uses pools after AddAkka(...).");
        var herald = system.ActorOf(SecretHerald.CreateProps(runtime, options.Role), SecretHerald.Name);
        runtime.SecretVersionRead = (org, version) => herald.Tell(new SecretHerald.VersionRead(org, version), ActorRefs.NoSender);
        registry.Register<HyperConnCluster>(agent);
        StartDesk(system, resolver, options, runtime, agent);
    }

    private static void StartDesk(ActorSystem system, IDependencyResolver resolver, HyperConnClusterOptions options, PoolRuntime runtime, IActorRef agent)
    {
        // Without AddHyperConnCluster() nobody looks at it here, and the other nodes still ask.
        var view = resolver.GetService<NodeView>() ?? new NodeView(runtime.Time);
        view.Start(system, agent, options.Role, options.ShareValidity);
        system.ActorOf(
            NodeDesk.CreateProps(new DeskParts(view, agent, runtime.Supervisor, resolver.GetService<IStatisticsSource>(), options.EventsHandled)),
            NodeDesk.Name);
    }

    /// <summary>What Akka's split-brain resolver must not do: leave over a part that more than half of the sharing nodes are not in, or be quick at it.</summary>
    private static IEnumerable<string> ResolverFaults(Config config, HyperConnClusterOptions options)
    {
        var resolver = config.GetConfig("akka.cluster.split-brain-resolver");
        var strategy = resolver.GetString("active-strategy");
        if (options.Role is { } role && strategy is "keep-majority" or "static-quorum" && resolver.GetString($"{strategy}.role") != role)
            yield return $"hyperconn.cluster.role = {role} needs akka.cluster.split-brain-resolver.{strategy}.role = {role}: else a part of the cluster with fewer than half of those nodes may be kept.";
        if (resolver.GetTimeSpan("stable-after") < 2 * options.ShareValidity)
            yield return "akka.cluster.split-brain-resolver.stable-after must be at least twice hyperconn.cluster.share-validity: a node is removed when all that it was given has lapsed.";
    }

    private static HyperConnClusterOptions Options(Config config, Action<HyperConnClusterOptions>? configure)
    {
        var options = new HyperConnClusterOptions();
        var faults = new ConfigurationFaults();
        HoconBinder.BindSection(config, Section, options, faults);
        configure?.Invoke(options);
        string[] all = [.. faults.All, .. options.Faults()];
        return all.Length == 0 ? options : throw NotConfigured(string.Join(" ", all));
    }

    private static HyperConnException NotConfigured(string message) => new(new HyperConnFailure(HyperConnErrorCode.NotConfigured, message));
}
