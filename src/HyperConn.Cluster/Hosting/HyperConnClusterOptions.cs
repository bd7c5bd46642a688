namespace HyperConn;

/// <summary>
/// Settings of budgets over a cluster. In HOCON they are in the section <c>hyperconn.cluster</c> of the actor system's configuration; those set in
/// code win.
/// </summary>
public sealed class HyperConnClusterOptions
{
    /// <summary>Shortest <see cref="ShareValidity"/>: below, a pause of the garbage collector or a busy machine would stop opens.</summary>
    public static readonly TimeSpan MinShareValidity = TimeSpan.FromSeconds(1);

    /// <summary>Longest <see cref="ShareValidity"/>.</summary>
    public static readonly TimeSpan MaxShareValidity = TimeSpan.FromMinutes(1);

    /// <summary>
    /// For how long a node may open connections without hearing from the coordinator: as long is what a lost node had not opened kept from others.
    /// It is renewed three times in that time. Default 3 seconds; 1 second to 1 minute. The same on all nodes.
    /// </summary>
    public TimeSpan ShareValidity { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Members of the cluster with this role share; all of them must run HyperConn. Default null: every member does.</summary>
    public string? Role { get; set; }

    /// <summary>
    /// Names whose addresses are those of the nodes, such as that of one headless service of Kubernetes (with <c>publishNotReadyAddresses</c>), instead of
    /// seed nodes. This node's own address, which must be one of them, is its host name in Akka.Remote, and all nodes have the same port. The node with
    /// the lowest address forms a cluster where none of the others is in one. Default empty: nodes join by Akka's seed nodes, or as you have them do it.
    /// </summary>
    public IList<string> DnsNames { get; set; } = [];

    /// <summary>
    /// With <see cref="DnsNames"/>: addresses that must be found, and all but this node's own be connected to, before a node joins. More than half of the
    /// nodes that there will be, so that no two clusters form where nodes start one after the other. Default 2; 1 to 1,000.
    /// </summary>
    public int DnsNodes { get; set; } = 2;

    /// <summary>
    /// Counts the events this process has handled since its start, for <see cref="NodeReport.EventsPerSecond"/>; null from it: nothing to count now.
    /// Called from any thread, and must return at once; what it throws counts as null. In code only. Default null: nobody counts.
    /// </summary>
    public Func<long?>? EventsHandled { get; set; }

    /// <summary>What is wrong with the settings; empty: nothing.</summary>
    internal IEnumerable<string> Faults()
    {
        if (ShareValidity < MinShareValidity || ShareValidity > MaxShareValidity)
            yield return $"hyperconn.cluster.share-validity must be from {MinShareValidity.TotalSeconds:0} s to {MaxShareValidity.TotalSeconds:0} s.";
        if (Role is { Length: 0 })
            yield return "hyperconn.cluster.role must name a role, or be left out.";
        if (DnsNames.FirstOrDefault(name => Uri.CheckHostName(name) == UriHostNameType.Unknown) is { } wrong)
            yield return $"hyperconn.cluster.dns-names: '{wrong}' is no name of a host.";
        if (DnsNodes is < 1 or > 1_000)
            yield return "hyperconn.cluster.dns-nodes must be from 1 to 1,000.";
    }
}
