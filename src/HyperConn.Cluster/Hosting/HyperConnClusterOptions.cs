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
    /// Counts the events this process has handled since its start, for <see cref="NodeReport.EventsPerSecond"/>; null from it: nothing to count now.
    /// Called from any thread, and must return at once. In code only. Default null: nobody counts.
    /// </summary>
    public Func<long?>? EventsHandled { get; set; }

    /// <summary>What is wrong with the settings; empty: nothing.</summary>
    internal IEnumerable<string> Faults()
    {
        if (ShareValidity < MinShareValidity || ShareValidity > MaxShareValidity)
            yield return $"hyperconn.cluster.share-validity must be from {MinShareValidity.TotalSeconds:0} s to {MaxShareValidity.TotalSeconds:0} s.";
        if (Role is { Length: 0 })
            yield return "hyperconn.cluster.role must name a role, or be left out.";
    }
}
