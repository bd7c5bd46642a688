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
    private readonly Dictionary<NodeId, int> _joinedIn = [];
    private ModelMembers _members = ModelMembers.None;
    private int _incarnations;
    private int _books;

    public ModelCluster()
    {
        for (var i = 0; i < 3; i++)
            _members = _members.WithUp(Add($"n{i}").Id).WithJoining(Nodes[i].Id);
        foreach (var node in Nodes)
        {
            node.See(_members);
            node.Coordinator = Nodes[0];
        }

        Advance(TimeSpan.FromSeconds(1));
    }

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    public List<ModelNode> Nodes { get; } = [];

    /// <summary>What the server has of each node.</summary>
    public Dictionary<NodeId, int> Sessions { get; } = [];

    private IEnumerable<ModelNode> Members => Nodes.Where(node => !node.IsRemoved);

    public ModelNode? Find(NodeId id) => Nodes.Find(node => node.Id == id);

    /// <summary>A process asks a member to let it in. Who has not heard of it knows of no such member.</summary>
    public void Join(string address)
    {
        if (Leader() is not { } leader)
            return;
        var node = Add(address);
        node.Side = leader.Side;
        node.Coordinator = leader;
        _members = _members.WithJoining(node.Id);
        _joinedIn[node.Id] = _members.Version;
        leader.See(_members);
        node.See(_members);
    }

    /// <summary>Who joins is up when every member has heard that it joins, also those that are lost and not removed.</summary>
    public void Promote()
    {
        if (Leader() is not { } leader || Nodes.Find(node => !node.IsRemoved && !IsUp(node) && IsKnownToAll(node)) is not { } joining)
            return;
        _members = _members.WithUp(joining.Id);
        leader.See(_members);
    }

    /// <summary>A node hears of the newest state of the membership.</summary>
    public void Gossip(ModelNode node)
    {
        if (!node.IsRemoved && !node.IsPaused && !node.IsDead && Leader() is { } leader && leader.Side == node.Side)
            node.See(_members);
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
            foreach (var node in Nodes.ToList())
                Gossip(node);
            Promote();
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
    /// without any waiting. Those that are left have all heard of it; the removed know nothing.
    /// </summary>
    public void RemoveTheLost()
    {
        var members = Members.ToList();
        foreach (var side in members.Select(node => node.Side).Distinct())
        {
            var left = members.Where(node => node is { IsPaused: false, IsDead: false } && node.Side == side).ToList();
            if (left.Count(IsUp) * 2 <= members.Count(IsUp) || left.Count == members.Count)
                continue;
            var lost = members.Except(left).ToList();
            foreach (var node in lost)
                node.IsRemoved = true;
            _members = _members.Without([.. lost.Select(node => node.Id)]);
            foreach (var node in left)
                node.See(_members);
            return;
        }
    }

    /// <summary>A coordinator ends, because it finds that another is the place for it.</summary>
    public void End(ModelNode node)
    {
        if (node is { IsPaused: false, IsDead: false })
            node.EndBook(++_books);
    }

    /// <summary>A node that was removed finds it out, and ends.</summary>
    public static void Terminate(ModelNode node)
    {
        if (node is { IsRemoved: true, IsPaused: false, IsDead: false })
            node.Die();
    }

    /// <summary>A node finds another the place for the coordinator.</summary>
    public void Follow(ModelNode node, int place)
    {
        if (Nodes.Where(other => node.Members.Up.Contains(other.Id)).ToList() is { Count: > 0 } known)
            node.Coordinator = known[place % known.Count];
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
            node.Die();
        if (!Members.Any(node => !node.IsDead && IsUp(node)))
            return;
        foreach (var node in Members.Where(node => node.IsDead).ToList())
        {
            node.IsRemoved = true;
            _members = _members.Without([node.Id]);
        }

        // By now everybody has heard of everybody.
        for (var round = 0; round < 10; round++)
            Advance(Step);
        foreach (var node in Members)
        {
            Follow(node, 0);
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

    private ModelNode Add(string address)
    {
        // Clocks have nothing to do with each other.
        var node = new ModelNode(this, new NodeId(address, ++_incarnations), ++_books, TimeSpan.FromMinutes(17 * _incarnations));
        Nodes.Add(node);
        return node;
    }

    /// <summary>Who lets others in: one on the side of most, which has heard of everything.</summary>
    private ModelNode? Leader()
    {
        var up = Members.Where(IsUp).ToList();
        var able = up.Where(node => node is { IsPaused: false, IsDead: false } && up.Count(other => other.Side == node.Side) * 2 > up.Count).ToList();
        if (able.Find(node => node.Members == _members) is { } leader)
            return leader;
        able.FirstOrDefault()?.See(_members);
        return able.FirstOrDefault();
    }

    private bool IsUp(ModelNode node) => _members.Up.Contains(node.Id);

    private bool IsKnownToAll(ModelNode joining) =>
        Members.All(node => node.Members.Version >= _joinedIn.GetValueOrDefault(joining.Id));
}
