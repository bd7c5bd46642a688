using Akka.Actor;
using HyperConn.Cluster.Nodes;

namespace HyperConn.Cluster.Operating;

/// <summary>
/// What code that is no actor knows of this node: its parts, once they have started, and how it stood with the others when its desk last looked.
/// Thread-safe.
/// </summary>
internal sealed class NodeView(TimeProvider time)
{
    private readonly Lock _gate = new();
    private NodeSeen? _seen;
    private ClusterParts? _parts;
    private long _terms;

    /// <summary>The parts; null: they have not started.</summary>
    public ClusterParts? Parts => Volatile.Read(ref _parts);

    /// <summary>Coordinators heard so far, by their terms.</summary>
    public long Terms => Interlocked.Read(ref _terms);

    /// <summary>What the desk last saw; null: nothing yet.</summary>
    public NodeSeen? Seen => Volatile.Read(ref _seen);

    /// <summary>How long the coordinator has been silent by now; null: it was never heard.</summary>
    public TimeSpan? Silence => Seen is { Status.Silence: { } silence } seen ? silence + AgeOf(seen) : null;

    /// <summary>How long ago the parts were started; null: they were not.</summary>
    public TimeSpan? Uptime => Parts is { } parts ? time.GetElapsedTime(parts.StartedAt) : null;

    public void Start(ActorSystem system, IActorRef agent, string? role, TimeSpan validity) =>
        Volatile.Write(ref _parts, new ClusterParts(system, agent, role, validity, time.GetTimestamp()));

    /// <summary>The desk has looked.</summary>
    public void See(NodeStatus status)
    {
        lock (_gate)
        {
            if (status.Term > 0 && status.Term != (_seen?.Status.Term ?? 0))
                Interlocked.Increment(ref _terms);
            Volatile.Write(ref _seen, new NodeSeen(status, time.GetTimestamp()));
        }
    }

    private TimeSpan AgeOf(NodeSeen seen) => time.GetElapsedTime(seen.At);
}

/// <summary>A node's parts.</summary>
/// <param name="System">Its actor system.</param>
/// <param name="Agent">Its agent.</param>
/// <param name="Role">Members with this role share; null: all.</param>
/// <param name="Validity">For how long a share holds.</param>
/// <param name="StartedAt">When they started, as the clock's time stamp.</param>
internal sealed record ClusterParts(ActorSystem System, IActorRef Agent, string? Role, TimeSpan Validity, long StartedAt)
{
    /// <summary>The cluster.</summary>
    public Akka.Cluster.Cluster Cluster => Akka.Cluster.Cluster.Get(System);

    /// <summary>The members that share, by address.</summary>
    public IReadOnlyList<Akka.Cluster.Member> Members =>
        [.. Cluster.State.Members.Where(member => Role is null || member.HasRole(Role)).OrderBy(member => member.Address.ToString(), StringComparer.Ordinal)];
}

/// <summary>How the node stood at one moment.</summary>
/// <param name="Status">What its agent said.</param>
/// <param name="At">When, as the clock's time stamp.</param>
internal sealed record NodeSeen(NodeStatus Status, long At);
