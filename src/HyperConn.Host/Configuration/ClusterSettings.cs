using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Remote.Hosting;
using HyperConn.Events;

namespace HyperConn.Host;

/// <summary>Whether <c>run</c> is a node of a cluster, section <c>hyperconn-host.cluster</c>. More of Akka is set up in the file's section <c>akka</c>.</summary>
internal sealed record ClusterSettings
{
    /// <summary>The name of the host's actor system, which every node of a cluster has in its address.</summary>
    public const string SystemName = "hyperconn";

    private const string Name = "cluster";
    private const string Section = $"{HostSettings.Root}.{Name}";
    private const string SeedNodesOfAkka = "akka.cluster.seed-nodes";

    /// <summary>Whether this process shares each server's budget with others. Default false.</summary>
    public bool Enabled { get; init; }

    /// <summary>Name or address under which the other nodes reach this one; required.</summary>
    public string? Hostname { get; init; }

    /// <summary>Port for the other nodes; 0: any free one, which a seed node can't have.</summary>
    public int Port { get; init; } = 4053;

    /// <summary>Address to listen on for the other nodes.</summary>
    public string BindHostname { get; init; } = "0.0.0.0";

    /// <summary>Nodes to join by, as <c>host:port</c>, the same list on all; the first forms the cluster. Empty: those of <c>akka.cluster.seed-nodes</c>.</summary>
    public IList<string> SeedNodes { get; init; } = [];

    /// <summary>Instead of seed nodes: names whose addresses are those of the nodes, such as that of one headless service of Kubernetes.</summary>
    public IList<string> DnsNames { get; init; } = [];

    /// <summary>With <c>dns-names</c>: addresses that must be found before a node joins; more than half of the nodes that there will be.</summary>
    public int DnsNodes { get; init; } = new HyperConnClusterOptions().DnsNodes;

    /// <summary>Roles of this node in the cluster.</summary>
    public IList<string> Roles { get; init; } = [];

    /// <summary>Whether the file names seed nodes as Akka does.</summary>
    internal bool HasSeedNodesOfAkka { get; private init; }

    /// <summary>Whether the file makes the actor system a node without this section.</summary>
    internal bool HasProviderOfAkka { get; private init; }

    /// <summary>Reads the section; what is missing keeps its default.</summary>
    public static ClusterSettings Read(Config file, List<string> faults)
    {
        var (section, defaults) = (new HostSection(file, Name, faults), new ClusterSettings());
        return new ClusterSettings
        {
            Enabled = section.Read("enabled", c => c.GetBoolean("enabled"), defaults.Enabled),
            Hostname = section.Text("hostname"),
            Port = section.Read("port", c => c.GetInt("port"), defaults.Port, "a whole number"),
            BindHostname = section.Text("bind-hostname") ?? defaults.BindHostname,
            SeedNodes = section.Read("seed-nodes", c => c.GetStringList("seed-nodes"), defaults.SeedNodes),
            DnsNames = section.Read("dns-names", c => c.GetStringList("dns-names"), defaults.DnsNames),
            DnsNodes = section.Read("dns-nodes", c => c.GetInt("dns-nodes"), defaults.DnsNodes, "a whole number"),
            Roles = section.Read("roles", c => c.GetStringList("roles"), defaults.Roles),
            HasSeedNodesOfAkka = file.HasPath(SeedNodesOfAkka) && file.GetStringList(SeedNodesOfAkka).Count > 0,
            HasProviderOfAkka = file.HasPath("akka.actor.provider") && file.GetString("akka.actor.provider").Contains("cluster", StringComparison.OrdinalIgnoreCase),
        };
    }

    /// <summary>Every reason not to start with these settings.</summary>
    public IEnumerable<string> Faults()
    {
        if (!Enabled)
        {
            if (HasProviderOfAkka)
                yield return $"akka.actor.provider makes this process a node, and {Section}.enabled is off. Set {Section}.enabled = on, or leave the provider out.";
            yield break;
        }

        if (Hostname is null)
            yield return $"{Section}.hostname is missing: the name or address under which the other nodes reach this one.";
        else if (Hostname is "0.0.0.0" or "*" or "::")
            yield return $"{Section}.hostname must be what the other nodes reach this one by; {Section}.bind-hostname says where it listens.";
        if (Port is < 0 or > 65_535)
            yield return $"{Section}.port must be from 0 to 65,535.";
        if (DnsNames.Count == 0 && SeedNodes.Count == 0 && !HasSeedNodesOfAkka)
            yield return $"{Section}.seed-nodes is empty: name one or more nodes to join by, such as node-1:4053, the same on all nodes. The first one names itself. Or {Section}.dns-names finds them.";
        if (SeedNodes.FirstOrDefault(node => !TryRead(node, out _)) is { } wrong)
            yield return $"{Section}.seed-nodes: '{wrong}' is neither host:port nor akka.tcp://{SystemName}@host:port.";
    }

    /// <summary>Makes the actor system a node, where that is wanted. After <c>WithHyperConn()</c>.</summary>
    public AkkaConfigurationBuilder Apply(AkkaConfigurationBuilder akka, IServiceProvider services)
    {
        if (!Enabled)
            return akka;
        var cluster = new ClusterOptions { Roles = [.. Roles] };
        if (SeedNodes.Count > 0)
            cluster.SeedNodes = [.. SeedNodes.Select(node => TryRead(node, out var address) ? address.ToString() : throw new FormatException(node))];
        return akka
            .WithRemoting(new RemoteOptions { HostName = BindHostname, PublicHostName = Hostname, Port = Port, PublicPort = Port == 0 ? null : Port })
            .WithClustering(cluster)
            .WithHyperConnCluster(o =>
            {
                o.EventsHandled = () => services.GetService<TenantEventWorker>()?.GetStatistics().Handled;
                if (DnsNames.Count > 0)
                    (o.DnsNames, o.DnsNodes) = (DnsNames, DnsNodes);
            });
    }

    /// <summary>Adds what operates all nodes as one, where this is a node.</summary>
    public void AddTo(IServiceCollection services)
    {
        if (Enabled)
            services.AddHealthChecks().AddHyperConnCluster();
    }

    private static bool TryRead(string node, out Address address)
    {
        var text = node.Contains("://", StringComparison.Ordinal) ? node : $"akka.tcp://{SystemName}@{node}";
        return ActorPath.TryParseAddress(text, out address) && address is { Host: { Length: > 0 }, Port: > 0, System: SystemName };
    }
}
