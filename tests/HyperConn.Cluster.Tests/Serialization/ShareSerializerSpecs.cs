using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using HyperConn.Cluster.Nodes;
using HyperConn.Cluster.Protocol;
using HyperConn.Cluster.Serialization;

namespace HyperConn.Tests.Cluster.Serialization;

public sealed class ShareSerializerSpecs : Akka.TestKit.Xunit2.TestKit
{
    private static readonly NodeId Node = new("akka.tcp://x@h:1", -17);
    private static readonly ServerEndpoint Server = new("::1", 5432);

    private readonly ShareSerializer _serializer;

    public ShareSerializerSpecs() => _serializer = new ShareSerializer((ExtendedActorSystem)Sys);

    public static TheoryData<string> Kinds => new(Messages().Keys);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_message_comes_out_as_it_went_in(string kind)
    {
        var message = Messages()[kind];
        Assert.Equal(kind, _serializer.Manifest(message));
        var again = _serializer.FromBinary(_serializer.ToBinary(message), kind);
        Assert.Equal(Encoding.UTF8.GetString(_serializer.ToBinary(message)), Encoding.UTF8.GetString(_serializer.ToBinary(again)));
        Assert.IsType(message.GetType(), again);
    }

    [Fact]
    public void Every_message_has_an_example_here() => Assert.Equal(
        typeof(IShareMessage).Assembly.GetTypes().Where(type => type.IsClass && typeof(IShareMessage).IsAssignableFrom(type)).Select(type => type.Name).Order(),
        Messages().Values.Select(message => message.GetType().Name).Order());

    [Fact]
    public void What_a_later_version_says_beside_is_left_out() => Assert.Equal(
        new CountSessions(Server, 7),
        _serializer.FromBinary("""{"Server":["::1",5432],"Question":7,"Later":true}"""u8.ToArray(), "count-1"));

    [Theory]
    [InlineData("report-9", "{}")]
    [InlineData("report-1", "no JSON")]
    [InlineData("report-1", "null")]
    [InlineData("count-1", """{"Server":["h"],"Question":1}""")]
    public void What_is_no_message_is_refused(string manifest, string text) =>
        Assert.Throws<SerializationException>(() => _serializer.FromBinary(Encoding.UTF8.GetBytes(text), manifest));

    [Fact]
    public void Nothing_else_is_sent() => Assert.Throws<SerializationException>(() => _serializer.ToBinary("text"));

    private static Dictionary<string, object> Messages() => new()
    {
        ["report-1"] = new ShareReport(
            Node, 5, 7, 9, [new EarlierTerm(4, TimeSpan.FromSeconds(1), ["ffffffef"])], ["00000001"], "00000002",
            [new ServerReport(Server, 3, 4, 2, 1, 1, 6, 54, true, 8, true, true)]),
        ["answer-1"] = new ShareAnswer(5, 99, 7, TimeSpan.FromSeconds(3), "00000002", ["00000001"], [new ServerShareGiven(Server, 4, 27, true)]),
        ["ended-1"] = new CoordinatorEnded(5, ["00000001"]),
        ["count-1"] = new CountSessions(Server, 3),
        ["counted-1"] = new SessionsCounted(Node, Server, 3, new Dictionary<string, int> { ["ffffffef"] = 2 }),
        ["secrets-1"] = new SecretVersionsSeen(new Dictionary<string, string> { ["acme"] = "v1" }),
        ["status-1"] = GetCoordinatorStatus.Instance,
        ["stands-1"] = new CoordinatorStatus(
            Node, 5, null, [new MemberStatus(Node, "Up", true)], [new SharedServer(Server, 54, 3, [new SharedPart(Node, 27, 20, 18, 9)])]),
    };
}
