using HyperConn.Cluster.Protocol;

namespace HyperConn.Tests.Cluster.Protocol;

/// <summary>
/// Nodes, a network that loses, doubles and delays, processes that stop and go on, and a membership that removes whoever is not on the side of the
/// majority, at the worst moment. The server counts the sessions.
/// </summary>
internal sealed class ModelCluster
{
    public const int Limit = 10;

    public static readonly ServerEndpoint Server = new("db", 5432);

    public static readonly TimeSpan Validity = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly List<(ModelNode From, ModelNode To, IShareMessage Message)> _network = [];
    private int _incarnations;
    private int _books;

    public ModelCluster()
    {
        for (var i = 0; i < 3; i++)
            Join($"n{i}");
        MoveCoordinator(Nodes[0]);
        Advance(TimeSpan.FromSeconds(1));
    }

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    public List<ModelNode> Nodes { get; } = [];

    /// <summary>What the server has of each node.</summary>
    public Dictionary<NodeId, int> Sessions { get; } = [];

    private IEnumerable<ModelNode> Members => Nodes.Where(node => !node.IsRemoved);

    public ModelNode? Find(NodeId id) => Nodes.Find(node => node.Id == id);

    public ModelNode Join(string address)
    {
        // Clocks have nothing to do with each other.
        var node = new ModelNode(this, new NodeId(address, ++_incarnations), TimeSpan.FromMinutes(17 * _incarnations));
        node.Coordinator = Members.FirstOrDefault(member => member.Book is not null);
        Nodes.Add(node);
        MembershipChanged();
        return node;
    }

    public void Send(ModelNode from, ModelNode to, IShareMessage message) => _network.Add((from, to, message));

    public void Deliver(int place, bool again = false)
    {
        if (_network.Count == 0)
            return;
        var (from, to, message) = _network[place %= _network.Count];

        // A message to a stopped process waits in its socket, and one across a partition on the way.
        if (to.IsPaused || (from.Side != to.Side && from != to))
            return;
        if (!again)
            _network.RemoveAt(place);
        if (!to.IsDead)
            to.Receive(message, from);
    }

    public void Drop(int place)
    {
        if (_network.Count > 0)
            _network.RemoveAt(place % _network.Count);
    }

    /// <summary>Time passes, in steps in which everything that can arrive does, in order.</summary>
    public void Advance(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= Step)
        {
            Now += Step;
            Turn();
        }
    }

    /// <summary>Only the clock moves.</summary>
    public void Skip(TimeSpan time) => Now += time;

    public void Turn()
    {
        foreach (var node in Nodes.ToList())
            node.Live();
        foreach (var node in Nodes.ToList())
            node.Decide();
        for (var place = 0; place < _network.Count;)
        {
            var before = _network.Count;
            var (from, to, _) = _network[place];
            var waits = to.IsPaused || (from.Side != to.Side && from != to);
            if (waits)
                place++;
            else
                Deliver(place);
            if (_network.Count > 10_000 || before > 10_000)
                throw new Xunit.Sdk.XunitException("The network is flooded.");
        }

        foreach (var node in Nodes.ToList())
        {
            while (!node.IsPaused && node.Opening > 0 && !node.IsDead)
                node.SessionBegins();
        }
    }

    /// <summary>
    /// Whoever is stopped, dead or on the other side is removed, if those that are left are more than half: what a split-brain resolver does, but
    /// without any waiting. Where the coordinator was among the removed, one of those that are left begins in its place.
    /// </summary>
    public void RemoveTheLost()
    {
        var members = Members.ToList();
        foreach (var side in members.Select(node => node.Side).Distinct())
        {
            var left = members.Where(node => node is { IsPaused: false, IsDead: false } && node.Side == side).ToList();
            if (left.Count * 2 <= members.Count || left.Count == members.Count)
                continue;
            foreach (var node in members.Except(left))
                node.IsRemoved = true;
            MembershipChanged();
            if (!left.Exists(node => node.Book is not null))
                MoveCoordinator(left[0]);
            return;
        }
    }

    /// <summary>The singleton moves in good order.</summary>
    public void HandOver()
    {
        var members = Members.Where(node => node is { IsPaused: false, IsDead: false }).ToList();
        if (members.Find(node => node.Book is not null) is not { } from || members.Count < 2)
            return;
        from.Book = null;
        MoveCoordinator(members.First(node => node != from));
    }

    /// <summary>A node that was removed finds it out, and ends.</summary>
    public static void Terminate(ModelNode node)
    {
        if (node is not { IsRemoved: true, IsPaused: false, IsDead: false })
            return;
        node.Die();
        node.Book = null;
    }

    /// <summary>A node learns late where the coordinator is.</summary>
    public void Follow(ModelNode node)
    {
        if (!node.IsRemoved)
            node.Coordinator = Members.FirstOrDefault(member => member.Book is not null) ?? node.Coordinator;
    }

    public void CheckLimit()
    {
        var sum = Sessions.Values.Sum();
        if (sum > Limit)
            throw new Xunit.Sdk.XunitException($"{sum} sessions of {Limit}: {string.Join("; ", Nodes)}");
    }

    /// <summary>All comes to rest: everybody lives, hears everybody, and has a fair part.</summary>
    public void CheckThatAllEndWell()
    {
        foreach (var node in Nodes.ToList())
        {
            node.Side = 0;
            if (node.IsPaused)
                node.Resume();
        }

        RemoveTheLost();
        foreach (var node in Nodes.Where(node => node is { IsRemoved: true, IsDead: false }).ToList())
        {
            node.Die();
            node.Book = null;
        }

        if (!Members.Any(node => node is { IsDead: false }))
            return;
        foreach (var node in Members.Where(node => node.IsDead).ToList())
            node.IsRemoved = true;
        MembershipChanged();
        if (!Members.Any(node => node.Book is not null))
            MoveCoordinator(Members.First());
        foreach (var node in Members)
        {
            Follow(node);
            node.Callers = Limit;
        }

        // Log-ins that a process had begun before it was lost are over by then.
        Advance(TimeSpan.FromSeconds(70));
        CheckLimit();

        // What is held beyond a fair part comes back as it is closed.
        for (var round = 0; round < 40; round++)
        {
            foreach (var node in Members.Where(node => node.Open > (Limit - 1) / Members.Count()).ToList())
                node.Close();
            Advance(Step);
            CheckLimit();
        }

        Advance(TimeSpan.FromSeconds(2));
        var open = Members.Select(node => node.Open).ToList();

        // One is kept for whoever counts.
        if (open.Sum() != Limit - 1 || open.Max() - open.Min() > 1)
            throw new Xunit.Sdk.XunitException($"Not shared well: {string.Join("; ", Members)}");
    }

    private void MoveCoordinator(ModelNode to)
    {
        to.Book = new ShareBook(Validity, ++_books);
        MembershipChanged();

        // It knows of itself at once, the others by and by.
        to.Coordinator = to;
        foreach (var node in Members.Where(node => node.Coordinator is null))
            node.Coordinator = to;
    }

    /// <summary>Those that are removed know nothing of it.</summary>
    private void MembershipChanged()
    {
        foreach (var node in Members.Where(node => node.Book is not null))
            node.Book!.SetMembers(Members.Select(member => member.Id));
    }
}
