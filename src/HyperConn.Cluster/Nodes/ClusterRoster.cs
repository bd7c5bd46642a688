using Akka.Cluster;
using HyperConn.Cluster.Protocol;
using static Akka.Cluster.ClusterEvent;
using AkkaStatus = Akka.Cluster.MemberStatus;

namespace HyperConn.Cluster.Nodes;

/// <summary>
/// The members that share, as this node sees them, and which of them is the place for the coordinator: the oldest that is up and can be reached. It
/// moves as soon as that one is found unreachable, and waits for no removal. Where nodes don't see the same, two may coordinate: the agreement holds.
/// Not thread-safe.
/// </summary>
/// <param name="self">This node.</param>
/// <param name="role">Members with this role share; null: all.</param>
internal sealed class ClusterRoster(UniqueAddress self, string? role)
{
    private readonly HashSet<UniqueAddress> _wereUp = [];
    private List<Member> _members = [];
    private HashSet<UniqueAddress> _unreachable = [];

    /// <summary>The events at which to look at the state anew.</summary>
    public static Type[] Events => [typeof(IMemberEvent), typeof(IReachabilityEvent)];

    /// <summary>All members.</summary>
    public IReadOnlyCollection<Member> Members => _members;

    /// <summary>Members that are up, or were and are leaving. Who leaves while it joins was never known to all.</summary>
    public IEnumerable<Member> Up => _members.Where(member => member.Status == AkkaStatus.Up
        || (member.Status is AkkaStatus.Leaving or AkkaStatus.Exiting && _wereUp.Contains(member.UniqueAddress)));

    /// <summary>Whether this node is up, or was and is leaving.</summary>
    public bool IsUp => Up.Any(member => member.UniqueAddress.Equals(self));

    /// <summary>Where the coordinator is to be; null: nowhere yet.</summary>
    public UniqueAddress? Place => _members
        .Where(member => member.Status == AkkaStatus.Up && IsReachable(member.UniqueAddress))
        .Order(Member.AgeOrdering)
        .FirstOrDefault()?.UniqueAddress;

    /// <summary>How a member is called in the agreement.</summary>
    public static NodeId IdOf(UniqueAddress address) => new(address.Address.ToString(), address.Uid);

    /// <summary>Whether anybody finds a member out of reach.</summary>
    public bool IsReachable(UniqueAddress member) => !_unreachable.Contains(member) || member.Equals(self);

    /// <summary>
    /// Takes the state of the cluster as a whole. By one event after the other, members would be unknown for a moment that others have long counted.
    /// </summary>
    public void Set(CurrentClusterState state)
    {
        _members = [.. state.Members.Where(member => role is null || member.HasRole(role))];
        _wereUp.IntersectWith(_members.Select(member => member.UniqueAddress));
        _wereUp.UnionWith(_members.Where(member => member.Status == AkkaStatus.Up).Select(member => member.UniqueAddress));
        _unreachable = [.. state.Unreachable.Select(member => member.UniqueAddress)];
    }
}
