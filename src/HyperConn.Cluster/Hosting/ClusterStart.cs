using System.Net;
using Akka.Actor;
using Akka.Configuration;
using Akka.DependencyInjection;
using Akka.Hosting;
using HyperConn.Cluster.Nodes;
using HyperConn.Cluster.Operating;
using HyperConn.Cluster.Protocol;
using HyperConn.Pools;

namespace HyperConn.Cluster.Hosting;

/// <summary>Puts the cluster's parts together.</summary>
internal static class ClusterStart
{
    public static void Start(ActorSystem system, IActorRegistry registry, IDependencyResolver resolver, Action<HyperConnClusterOptions>? configure)
    {
        var options = Prerequisites.Bind(system.Settings.Config, "hyperconn.cluster", configure, options => options.Faults());
        var runtime = Prerequisites.RuntimeFor(system, resolver, "WithHyperConnCluster()");
        if (ResolverFaults(system.Settings.Config, options).Concat(DnsFaults(system, options)).ToList() is { Count: > 0 } faults)
            throw Prerequisites.NotConfigured(string.Join(" ", faults));
        var tags = new SessionTags($"{system.Name}/{runtime.Options.ProjectName}");
        var self = ClusterRoster.IdOf(Akka.Cluster.Cluster.Get(system).SelfUniqueAddress);
        runtime.Options.SessionTag = tags.Of(self);
        var logger = runtime.Loggers.CreateLogger("HyperConn.Cluster");
        system.ActorOf(ShareCoordinator.CreateProps(runtime.Monotonic, options.ShareValidity, options.Role, logger), ShareCoordinator.Name);
        var agent = system.ActorOf(ShareAgent.CreateProps(new NodeAgreement(self), runtime, tags, options.ShareValidity, options.Role), "hyperconn-shares");
        runtime.ShareKeeper = new ShareKeeper(agent, runtime.Monotonic);
        if (!runtime.Servers.IsEmpty)
            throw Prerequisites.NotConfigured("A pool was asked for before the actor system had started. Start what uses pools after AddAkka(...).");
        var herald = system.ActorOf(SecretHerald.CreateProps(runtime, options.Role), SecretHerald.Name);
        runtime.SecretVersionRead = (org, version) => herald.Tell(new SecretHerald.VersionRead(org, version), ActorRefs.NoSender);
        registry.Register<HyperConnCluster>(agent);
        StartDesk(system, resolver, options, runtime, agent);
        if (options.DnsNames.Count > 0)
            system.ActorOf(SeedFinder.CreateProps([.. options.DnsNames], options.DnsNodes, Dns.GetHostAddressesAsync, logger), "hyperconn-seeds");
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

    private static IEnumerable<string> DnsFaults(ActorSystem system, HyperConnClusterOptions options)
    {
        if (options.DnsNames.Count == 0)
            yield break;
        if (!IPAddress.TryParse(Akka.Cluster.Cluster.Get(system).SelfAddress.Host, out _))
            yield return "hyperconn.cluster.dns-names needs this node's own address as its host name in Akka.Remote, such as ${POD_IP}: by it a node finds itself among the others.";
        if (system.Settings.Config.GetStringList("akka.cluster.seed-nodes").Count > 0)
            yield return "hyperconn.cluster.dns-names and akka.cluster.seed-nodes are two ways to find the others: leave one of them out.";
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
}
