using FsCheck;
using FsCheck.Fluent;

namespace HyperConn.Tests.Cluster.Protocol;

/// <summary>One step of a random walk.</summary>
internal enum ClusterVerb
{
    Call,
    CallLess,
    Close,
    Lose,
    SessionBegins,
    Advance,
    Skip,
    Turn,
    Deliver,
    DeliverTwice,
    Drop,
    Pause,
    Resume,
    Kill,
    Join,
    Partition,
    Heal,
    Remove,
    Follow,
    Terminate,
    End,
    Gossip,
    Promote,
    SayNothing,
}

/// <summary>A step, the node it is about, and a number.</summary>
internal readonly record struct ClusterCommand(ClusterVerb Verb, int Node, int Number)
{
    private static readonly (int, ClusterVerb)[] Weights =
    [
        (8, ClusterVerb.Call), (3, ClusterVerb.CallLess), (6, ClusterVerb.Close), (2, ClusterVerb.Lose), (4, ClusterVerb.SessionBegins),
        (12, ClusterVerb.Advance), (4, ClusterVerb.Skip), (6, ClusterVerb.Turn), (6, ClusterVerb.Deliver), (2, ClusterVerb.DeliverTwice),
        (2, ClusterVerb.Drop), (3, ClusterVerb.Pause), (4, ClusterVerb.Resume), (1, ClusterVerb.Kill), (2, ClusterVerb.Join),
        (2, ClusterVerb.Partition), (3, ClusterVerb.Heal), (3, ClusterVerb.Remove), (5, ClusterVerb.Follow), (2, ClusterVerb.Terminate),
        (2, ClusterVerb.End), (3, ClusterVerb.Gossip), (2, ClusterVerb.Promote),
        (3, ClusterVerb.SayNothing),
    ];

    public static Arbitrary<List<ClusterCommand>> Lists { get; } = Arb.From(
        Gen.ListOf(
            Gen.Frequency(Weights.Select(weight => (weight.Item1, Gen.Constant(weight.Item2))))
                .SelectMany(verb => Gen.Choose(0, 4), (verb, node) => (verb, node))
                .SelectMany(step => Gen.Choose(0, 9), (step, number) => new ClusterCommand(step.verb, step.node, number))),
        static list => Shorter(list));

    public override string ToString() => $"{Verb} {Node} {Number}";

    public void Do(ModelCluster cluster)
    {
        var node = cluster.Nodes[^(1 + (Node % cluster.Nodes.Count))];
        switch (Verb)
        {
            case ClusterVerb.Call:
                node.Callers = Math.Min(ModelCluster.Limit, node.Callers + 1 + Number);
                break;
            case ClusterVerb.CallLess:
                node.Callers = Math.Max(0, node.Callers - 1 - Number);
                break;
            case ClusterVerb.Close:
                node.Close();
                break;
            case ClusterVerb.Lose:
                node.Lose();
                break;
            case ClusterVerb.SessionBegins:
                node.SessionBegins();
                break;
            case ClusterVerb.Advance:
                cluster.Advance(TimeSpan.FromMilliseconds(100 * (1 + (Number * Number))));
                break;
            case ClusterVerb.Skip:
                cluster.Skip(TimeSpan.FromMilliseconds(37 * (1 + (Number * Number * Number))));
                break;
            case ClusterVerb.Turn:
                cluster.Turn();
                break;
            case ClusterVerb.Deliver:
                node.Live();
                cluster.Deliver(Number);
                break;
            case ClusterVerb.DeliverTwice:
                cluster.Deliver(Number, again: true);
                break;
            case ClusterVerb.Drop:
                cluster.Drop(Number);
                break;
            case ClusterVerb.Pause:
                node.IsPaused = true;
                break;
            case ClusterVerb.Resume when node.IsPaused:
                node.Resume();
                break;
            case ClusterVerb.Kill when !node.IsDead:
                node.Die();
                break;
            case ClusterVerb.Join when cluster.Nodes.Count(other => !other.IsDead && !other.IsRemoved) < 5:
                cluster.Join($"n{Node}");
                break;
            case ClusterVerb.Partition:
                node.Side = Number % 2;
                break;
            case ClusterVerb.Heal:
                cluster.Nodes.ForEach(each => each.Side = 0);
                break;
            case ClusterVerb.Remove:
                cluster.RemoveTheLost();
                break;
            case ClusterVerb.Follow:
                cluster.Follow(node, Number);
                break;
            case ClusterVerb.Terminate:
                ModelCluster.Terminate(node);
                break;
            case ClusterVerb.End:
                cluster.End(node);
                break;
            case ClusterVerb.Gossip:
                cluster.Gossip(node);
                break;
            case ClusterVerb.SayNothing:
                node.SayNothing();
                break;
            case ClusterVerb.Promote:
                cluster.Promote();
                break;
        }
    }

    private static IEnumerable<List<ClusterCommand>> Shorter(List<ClusterCommand> list)
    {
        for (var part = list.Count / 2; part > 0; part /= 2)
        {
            for (var at = 0; at + part <= list.Count; at += part)
                yield return [.. list[..at], .. list[(at + part)..]];
        }
    }
}
