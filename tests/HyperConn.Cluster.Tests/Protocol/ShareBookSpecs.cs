using HyperConn.Cluster.Protocol;

namespace HyperConn.Tests.Cluster.Protocol;

/// <summary>Single cases of what ShareModelSpecs walks through at random.</summary>
public class ShareBookSpecs
{
    private static readonly TimeSpan Validity = TimeSpan.FromSeconds(3);
    private static readonly ServerEndpoint Server = new("db", 5432);
    private static readonly NodeId[] Nodes = [new("a", 1), new("b", 2), new("c", 3)];

    private readonly ShareBook _book = new(Validity, name: 1);
    private readonly Dictionary<NodeId, (long Number, long Echo, int Share, long Epoch)> _nodes = Nodes.ToDictionary(node => node, _ => (0L, 0L, 0, 0L));
    private TimeSpan _now = TimeSpan.FromMinutes(1);

    [Fact]
    public void Without_a_majority_nothing_is_given()
    {
        _book.SetMembers(Nodes);
        Speak(Nodes[0], waiting: 5);
        Speak(Nodes[0], waiting: 5);
        Assert.NotNull(_book.WhyNot(_now));
        Assert.Equal(0, _nodes[Nodes[0]].Share);
    }

    [Fact]
    public void Nothing_is_given_before_the_sessions_at_the_server_were_counted()
    {
        _book.SetMembers(Nodes[..1]);
        Speak(Nodes[0], waiting: 5);
        var question = Assert.Single(Speak(Nodes[0], waiting: 5).OfType<CountSessions>());
        Assert.Equal(0, _nodes[Nodes[0]].Share);

        _book.Receive(new SessionsCounted(Nodes[0], Server, question.Question, new Dictionary<string, int> { ["0000002a"] = 4 }), _now);
        Speak(Nodes[0], waiting: 20);
        Assert.Equal(10 - 4 - 1, _nodes[Nodes[0]].Share);
    }

    [Fact]
    public void Who_is_heard_again_after_its_share_had_lapsed_begins_with_none()
    {
        _book.SetMembers(Nodes[..2]);
        for (var round = 0; round < 6; round++)
        {
            foreach (var node in Nodes[..2])
                Answer(node, Speak(node, waiting: 4));
        }

        var before = _nodes[Nodes[1]];
        Assert.True(before.Share >= 4);
        _now += TimeSpan.FromMinutes(2);
        Speak(Nodes[0], waiting: 9);
        Speak(Nodes[1], waiting: 0);
        Speak(Nodes[0], waiting: 9);
        Speak(Nodes[1], waiting: 0);
        Assert.True(_nodes[Nodes[1]].Epoch > before.Epoch);
        Assert.InRange(_nodes[Nodes[1]].Share, 0, 1);
    }

    [Fact]
    public void A_new_coordinator_waits_for_every_member_that_was_there_before_it_decides()
    {
        _book.SetMembers(Nodes);
        for (var round = 0; round < 100; round++)
        {
            foreach (var node in Nodes[..2])
                Speak(node, waiting: 4);
        }

        Assert.NotNull(_book.WhyNot(_now));
        Speak(Nodes[2], waiting: 0);
        Assert.Null(_book.WhyNot(_now));
    }

    [Fact]
    public void An_unlimited_budget_is_shared_by_nodes_that_come_one_after_the_other()
    {
        for (var members = 1; members <= Nodes.Length; members++)
        {
            _book.SetMembers(Nodes[..members]);
            for (var round = 0; round < 6; round++)
            {
                foreach (var node in Nodes[..members])
                    Answer(node, Speak(node, waiting: 5, limit: ServerOptions.Unlimited));
            }
        }

        Assert.All(Nodes, node => Assert.True(_nodes[node].Share >= 5));
    }

    /// <summary>A node counts where it is asked to, and finds nobody else's sessions.</summary>
    private void Answer(NodeId node, List<IShareMessage> messages)
    {
        foreach (var question in messages.OfType<CountSessions>())
            _book.Receive(new SessionsCounted(node, Server, question.Question, new Dictionary<string, int>()), _now);
    }

    /// <summary>A node reports, and takes the answer; answers what was sent to it.</summary>
    private List<IShareMessage> Speak(NodeId node, int waiting, int limit = 10)
    {
        _now += TimeSpan.FromMilliseconds(100);
        var before = _nodes[node];
        before.Number++;
        var report = new ServerReport(Server, before.Epoch, before.Share, 0, 0, 0, waiting, limit, true, 8, true);
        _book.Receive(new ShareReport(node, _book.Term, before.Number, before.Echo, null, [report]), _now);
        var messages = _book.Decide(_now).Where(message => message.To == node || message.Message is CountSessions).Select(message => message.Message).ToList();
        foreach (var answer in messages.OfType<ShareAnswer>())
        {
            before.Echo = answer.Stamp;
            foreach (var share in answer.Shares)
                (before.Epoch, before.Share) = (share.Epoch, share.Permits);
        }

        _nodes[node] = before;
        return messages;
    }
}
