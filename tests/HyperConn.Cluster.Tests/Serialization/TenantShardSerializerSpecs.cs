using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using FsCheck;
using FsCheck.Fluent;
using HyperConn.Cluster.Serialization;
using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Events;

namespace HyperConn.Tests.Cluster.Serialization;

public sealed class TenantShardSerializerSpecs : Akka.TestKit.Xunit2.TestKit
{
    private static readonly SendEvent Event = new(
        7, TenantKey.Create("core", "a/b"), "paid", "id-1", """{"sum": 3, "to": "Zoë 🐘 <b>"}""", DateTimeOffset.UnixEpoch.AddTicks(1), "sqs", "orders", "m:1", 2);

    private readonly TenantShardSerializer _serializer;

    public TenantShardSerializerSpecs() => _serializer = new TenantShardSerializer((ExtendedActorSystem)Sys);

    public static TheoryData<string> Kinds => new(Messages().Keys);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_message_comes_out_as_it_went_in(string kind)
    {
        var message = Messages()[kind];
        var manifest = kind.TrimEnd('\'');
        Assert.Equal(manifest, _serializer.Manifest(message));
        Assert.Equal(message, _serializer.FromBinary(_serializer.ToBinary(message), manifest));
    }

    [Fact]
    public void Every_message_has_an_example_here() => Assert.Equal(
        typeof(IShardMessage).Assembly.GetTypes().Where(type => type.IsClass && typeof(IShardMessage).IsAssignableFrom(type)).Select(type => type.Name).Order(),
        Messages().Values.Select(message => message.GetType().Name).Distinct().Order());

    [Fact]
    public void Any_text_comes_out_as_it_went_in() => Check.QuickThrowOnFailure(Prop.ForAll(
        Arb.From(Gen.Choose(1, 0xd7ff).Select(letter => (char)letter).ArrayOf().Select(letters => new string(letters))),
        text => Equals(Event with { Data = text, Id = text }, _serializer.FromBinary(_serializer.ToBinary(Event with { Data = text, Id = text }), "event-1"))));

    [Fact]
    public void Data_takes_little_more_than_it_has()
    {
        var data = $$"""{"items": [{{string.Join(", ", Enumerable.Range(0, 500).Select(i => $"\"item {i}\""))}}]}""";
        Assert.InRange(_serializer.ToBinary(Event with { Data = data }).Length, data.Length, data.Length * 1.3);
    }

    [Fact]
    public void What_a_later_version_says_beside_is_left_out() =>
        Assert.Equal(new EventUnderWay(3), _serializer.FromBinary("""{"Number":3,"Later":true}"""u8.ToArray(), "underway-1"));

    [Theory]
    [InlineData("event-9", "{}")]
    [InlineData("event-1", "{}")]
    [InlineData("event-1", "no JSON")]
    [InlineData("event-1", "null")]
    [InlineData("ended-1", """{"Number":1,"Result":"Unheard"}""")]
    [InlineData("event-1", """{"Number":7,"Tenant":["core"],"Type":"a","Id":"a","Data":"null","CreatedAt":null,"Source":"a","Scope":null,"Place":"a","Attempt":1}""")]
    [InlineData("event-1", """{"Number":7,"Tenant":["core","a b"],"Type":"a","Id":"a","Data":"null","CreatedAt":null,"Source":"a","Scope":null,"Place":"a","Attempt":1}""")]
    public void What_is_no_message_is_refused(string manifest, string text) =>
        Assert.Throws<SerializationException>(() => _serializer.FromBinary(Encoding.UTF8.GetBytes(text), manifest));

    [Fact]
    public void Nothing_else_is_sent() => Assert.Throws<SerializationException>(() => _serializer.ToBinary("text"));

    private static Dictionary<string, object> Messages() => new()
    {
        ["event-1"] = Event,
        ["event-1'"] = Event with { CreatedAt = null, Scope = null },
        ["underway-1"] = new EventUnderWay(1),
        ["notbegun-1"] = new EventNotBegun(2),
        ["ended-1"] = new EventEnded(3, EventResult.Duplicate),
        ["failed-1"] = new EventFailed(4, "08006", "gone", IsTransient: true, IsAway: true),
    };
}
