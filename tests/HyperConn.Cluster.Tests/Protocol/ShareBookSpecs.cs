using HyperConn.Cluster.Protocol;

namespace HyperConn.Tests.Cluster.Protocol;

/// <summary>Single cases of what ShareModelSpecs walks through at random.</summary>
public class ShareBookSpecs
{
    private static readonly TimeSpan Validity = TimeSpan.FromSeconds(3);
    private static readonly ServerEndpoint Server = new("db", 5432);
    private static readonly NodeId[] Nodes = [new("a", 1), new("b", 2), new("c", 3)];

    private readonly ShareBook _book = new(Validity, name: 1, Nodes[0].Tag);
    private readonly Dictionary<NodeId, (long Number, long Echo, int Share, long Epoch)> _nodes = Nodes.ToDictionary(node => node, _ => (0L, 0L, 0, 0L));
    private TimeSpan _now = TimeSpan.FromMinutes(10);
    private readonly TimeSpan _start = TimeSpan.FromMinutes(10);
    private IReadOnlyList<EarlierTerm> _earlier = [];
    private IReadOnlyList<string> _lost = [];
    private int _held;
    private long _number = 1_000_000;
    private bool _isWhole = true;

    [Fact]
    public void Without_a_majority_nothing_is_given()
    {
        SetMembers(Nodes);
        Speak(Nodes[0], waiting: 5);
        Speak(Nodes[0], waiting: 5);
        Assert.NotNull(_book.WhyNot(_now));
        Assert.Equal(0, _nodes[Nodes[0]].Share);
    }

    [Fact]
    public void Nothing_is_given_before_the_sessions_at_the_server_were_counted()
    {
        SetMembers(Nodes[..1]);
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
        SetMembers(Nodes[..2]);
        for (var round = 0; round < 6; round++)
        {
            foreach (var node in Nodes[..2])
                Answer(node, Speak(node, waiting: 4));
        }

        var before = _nodes[Nodes[1]];
        Assert.True(before.Share >= 4);
        _now += TimeSpan.FromMinutes(2);
        for (var round = 0; round < 3; round++)
        {
            Speak(Nodes[0], waiting: 9);
            Speak(Nodes[1], waiting: 0);
        }

        Assert.True(_nodes[Nodes[1]].Epoch > before.Epoch);
        Assert.InRange(_nodes[Nodes[1]].Share, 0, 1);
    }

    [Fact]
    public void Who_is_only_joining_counts_as_a_member_and_makes_no_majority()
    {
        _book.SetMembers(Nodes, Nodes[..1]);
        for (var round = 0; round < 6; round++)
        {
            foreach (var node in Nodes)
                Answer(node, Speak(node, waiting: 4));
        }

        Assert.NotNull(_book.WhyNot(_now));
        SetMembers(Nodes);
        foreach (var node in Nodes)
            Speak(node, waiting: 4);
        foreach (var node in Nodes)
            Speak(node, waiting: 4);
        Assert.Null(_book.WhyNot(_now));
    }

    [Fact]
    public void Where_most_of_the_members_speak_to_another_nobody_is_answered()
    {
        SetMembers(Nodes);
        Assert.Empty(Speak(Nodes[0], waiting: 4));
        Assert.NotEmpty(Speak(Nodes[1], waiting: 4));
    }

    [Fact]
    public void After_a_coordinator_that_was_lost_it_waits_for_two_validities_from_its_last_word()
    {
        SetMembers(Nodes);
        _earlier = [new EarlierTerm(7, TimeSpan.FromSeconds(1), null)];
        var heard = _now - TimeSpan.FromSeconds(1);
        SpeakUntilItDecides();
        Assert.InRange(_now - heard, 2 * Validity, 2 * Validity + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void After_a_coordinator_that_has_ended_it_waits_only_for_those_to_speak_that_have_something_of_it()
    {
        SetMembers(Nodes);
        _earlier = [new EarlierTerm(7, TimeSpan.FromSeconds(1), [Nodes[0].Tag, Nodes[1].Tag])];
        var since = _now;
        SpeakUntilItDecides();
        Assert.InRange(_now - since, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void What_a_coordinator_that_has_ended_gave_to_one_that_does_not_speak_must_lapse()
    {
        SetMembers(Nodes);
        _earlier = [new EarlierTerm(7, TimeSpan.Zero, [.. Nodes.Select(node => node.Tag)])];
        var ended = _now;
        SpeakUntilItDecides();
        Assert.InRange(_now - ended, Validity, Validity + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void When_another_was_heard_meanwhile_it_goes_above_that_and_waits_for_what_it_gave_itself_before()
    {
        SetMembers(Nodes[..2]);
        SpeakUntilItDecides();
        var before = _book.Term;
        _book.Receive(new ShareReport(Nodes[0], before + 1, ++_number, 0, [], [], null, true, []), _now);
        Assert.True(_book.Term > before + 1);
        var since = _now;

        // One of the two has something of it, and does not speak.
        Speak(Nodes[0], waiting: 2);
        Speak(Nodes[0], waiting: 2);
        Assert.NotNull(_book.WhyNot(_now));
        SpeakUntilItDecides();
        Assert.InRange(_now - since, TimeSpan.Zero, Validity);
    }

    [Fact]
    public void A_share_of_an_earlier_coordinator_counts_and_is_not_given_anew_before_it_decides()
    {
        SetMembers(Nodes[..1]);
        _nodes[Nodes[0]] = _nodes[Nodes[0]] with { Share = 6, Epoch = 3 };
        Speak(Nodes[0], waiting: 0);
        var account = _book.Servers.Single().Find(Nodes[0])!;
        Assert.Equal((0, 6), (account.Share, account.Committed));
    }

    [Fact]
    public void For_a_node_that_never_speaks_to_it_the_log_ins_it_may_be_in_the_middle_of_are_kept_free()
    {
        SetMembers(Nodes);
        _earlier = [new EarlierTerm(7, TimeSpan.FromMinutes(1), null)];
        SpeakUntilItDecides(limit: 30);
        for (var round = 0; round < 40; round++)
        {
            foreach (var node in Nodes[..2])
                Answer(node, Speak(node, waiting: 30, limit: 30));
        }

        Assert.Equal(30 - 8 - 1, _nodes[Nodes[0]].Share + _nodes[Nodes[1]].Share);
    }

    [Fact]
    public void What_was_kept_free_for_a_lost_node_is_kept_for_a_minute_whoever_still_tells_of_it()
    {
        SetMembers(Nodes[..2]);
        _earlier = [new EarlierTerm(7, TimeSpan.FromMinutes(1), null)];
        _lost = [Nodes[2].Tag];
        SpeakUntilItDecides(limit: 30);
        var until = _now + LostNodes.LogInEnds + TimeSpan.FromSeconds(10);
        while (_now < until)
        {
            foreach (var node in Nodes[..2])
                Answer(node, Speak(node, waiting: 30, limit: 30));
        }

        Assert.Equal(30 - 1, _nodes[Nodes[0]].Share + _nodes[Nodes[1]].Share);
    }

    [Fact]
    public void The_next_coordinator_is_told_of_a_lost_node_until_the_server_has_none_of_its_sessions_any_more()
    {
        SetMembers(Nodes);
        _held = 1;
        for (var round = 0; round < 3; round++)
        {
            foreach (var node in Nodes)
                Answer(node, Speak(node, waiting: 0, limit: 30));
        }

        var told = new List<bool>();
        for (var round = 0; round < 100; round++)
        {
            var messages = Speak(Nodes[round % 2], waiting: 0, limit: 30);
            Answer(Nodes[round % 2], messages);
            told.AddRange(messages.OfType<ShareAnswer>().Select(answer => answer.Lost.Contains(Nodes[2].Tag)));
        }

        Assert.Contains(true, told);
        Assert.False(told[^1]);
    }

    [Fact]
    public void An_unlimited_budget_is_shared_by_nodes_that_come_one_after_the_other()
    {
        for (var members = 1; members <= Nodes.Length; members++)
        {
            SetMembers(Nodes[..members]);
            for (var round = 0; round < 6; round++)
            {
                foreach (var node in Nodes[..members])
                    Answer(node, Speak(node, waiting: 5, limit: ServerOptions.Unlimited));
            }
        }

        Assert.All(Nodes, node => Assert.True(_nodes[node].Share >= 5));
    }

    [Fact]
    public void A_count_that_is_not_answered_keeps_its_place()
    {
        SetMembers(Nodes[..1]);
        Speak(Nodes[0], waiting: 20);
        Assert.Single(Speak(Nodes[0], waiting: 20).OfType<CountSessions>());

        // The node was stopped in the middle of it, say: it may have a session there that nobody knows of.
        _now += TimeSpan.FromSeconds(2);
        for (var round = 0; round < 6; round++)
            Answer(Nodes[0], Speak(Nodes[0], waiting: 20));
        Assert.Equal(10 - 1 - 1, _nodes[Nodes[0]].Share);
    }

    [Fact]
    public void Who_has_told_of_a_part_of_its_servers_only_has_not_been_heard()
    {
        SetMembers(Nodes[..1]);
        _isWhole = false;
        _earlier = [new EarlierTerm(7, TimeSpan.Zero, [Nodes[0].Tag])];
        for (var round = 0; round < 3; round++)
            Speak(Nodes[0], waiting: 2);
        Assert.NotNull(_book.WhyNot(_now));
        _isWhole = true;
        Speak(Nodes[0], waiting: 2);
        Assert.Null(_book.WhyNot(_now));
    }

    [Fact]
    public void Who_joins_in_the_place_of_a_lost_node_does_not_stop_the_others()
    {
        var joining = new NodeId("d", 4);
        _book.SetMembers([.. Nodes, joining], Nodes);
        for (var round = 0; round < 3; round++)
        {
            foreach (var node in Nodes[..2])
                Speak(node, waiting: 2);
        }

        Assert.Null(_book.WhyNot(_now));
    }

    private void SetMembers(NodeId[] nodes) => _book.SetMembers(nodes, nodes);

    /// <summary>The first two of the nodes speak until the coordinator decides.</summary>
    private void SpeakUntilItDecides(int limit = 10)
    {
        for (var round = 0; round < 200 && _book.WhyNot(_now) is not null; round++)
            Answer(Nodes[round % 2], Speak(Nodes[round % 2], waiting: 2, limit));
        Assert.Null(_book.WhyNot(_now));
    }

    /// <summary>A node counts where it is asked to, and finds nobody else's sessions.</summary>
    private void Answer(NodeId node, List<IShareMessage> messages)
    {
        foreach (var question in messages.OfType<CountSessions>())
            _book.Receive(new SessionsCounted(node, Server, question.Question, new Dictionary<string, int>()), _now);
    }

    private EarlierTerm[] Aged() => [.. _earlier.Select(term => term with { Since = term.Since + _now - _start })];

    /// <summary>A node reports, and takes the answer; answers what was sent to it.</summary>
    private List<IShareMessage> Speak(NodeId node, int waiting, int limit = 10)
    {
        _now += TimeSpan.FromMilliseconds(100);
        var before = _nodes[node];
        before.Number = ++_number;
        var report = new ServerReport(Server, before.Epoch, before.Share, _held, _held, 0, waiting, limit, true, 8, true, false);
        _book.Receive(new ShareReport(node, _book.Term, before.Number, before.Echo, Aged(), _lost, null, _isWhole, [report]), _now);
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
