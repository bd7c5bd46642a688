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
    private readonly Dictionary<UniqueAddress, Member> _members = [];
    private readonly HashSet<UniqueAddress> _unreachable = [];

    /// <summary>The events it goes by.</summary>
    public static Type[] Events => [typeof(IMemberEvent), typeof(IReachabilityEvent)];

    /// <summary>All members.</summary>
    public IEnumerable<Member> Members => _members.Values;

    /// <summary>Members that are up, or were and are leaving.</summary>
    public IEnumerable<Member> Up => _members.Values.Where(member => member.Status is AkkaStatus.Up or AkkaStatus.Leaving or AkkaStatus.Exiting);

    /// <summary>Whether this node is up, or was and is leaving.</summary>
    public bool IsUp => Up.Any(member => member.UniqueAddress.Equals(self));

    /// <summary>Where the coordinator is to be; null: nowhere yet.</summary>
    public UniqueAddress? Place => _members.Values
        .Where(member => member.Status == AkkaStatus.Up && IsReachable(member.UniqueAddress))
        .Order(Member.AgeOrdering)
        .FirstOrDefault()?.UniqueAddress;

    /// <summary>How a member is called in the agreement.</summary>
    public static NodeId IdOf(UniqueAddress address) => new(address.Address.ToString(), address.Uid);

    /// <summary>Whether anybody finds a member out of reach.</summary>
    public bool IsReachable(UniqueAddress member) => !_unreachable.Contains(member) || member.Equals(self);

    /// <summary>All at once.</summary>
    public void Set(CurrentClusterState state)
    {
        _members.Clear();
        _unreachable.Clear();
        foreach (var member in state.Members)
            Set(member);
        _unreachable.UnionWith(state.Unreachable.Select(member => member.UniqueAddress));
    }

    /// <summary>A member is there, or has another state.</summary>
    public void Set(IMemberEvent change)
    {
        if (change is not MemberRemoved removed)
        {
            Set(change.Member);
            return;
        }

        _members.Remove(removed.Member.UniqueAddress);
        _unreachable.Remove(removed.Member.UniqueAddress);
    }

    /// <summary>A member is out of reach, or in reach again.</summary>
    public void Set(IReachabilityEvent change)
    {
        if (change is UnreachableMember lost)
            _unreachable.Add(lost.Member.UniqueAddress);
        else if (change is ReachableMember found)
            _unreachable.Remove(found.Member.UniqueAddress);
    }

    private void Set(Member member)
    {
        if (role is null || member.HasRole(role))
            _members[member.UniqueAddress] = member;
    }
}
