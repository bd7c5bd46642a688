using Akka.Actor;
using HyperConn.Cluster.Sharding;
using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Events;
using HyperConn.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Cluster.Sharding;

public sealed class ShardSenderSpecs : Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly SentEvents _sent = new();
    private readonly Akka.TestKit.TestProbe _region;
    private readonly IActorRef _sender;

    public ShardSenderSpecs()
    {
        _region = CreateTestProbe();
        _sender = Sys.ActorOf(ShardSender.CreateProps(_sent, _region, new MonotonicClock(TimeProvider.System), Timeout));
    }

    [Fact]
    public async Task What_is_not_answered_is_sent_again_and_what_is_heard_of_is_waited_for()
    {
        var sent = Send(1);

        // Longer than an answer may take.
        for (var i = 0; i < 8; i++)
        {
            await _region.ExpectMsgAsync<SendEvent>(Patience);
            _region.Reply(new EventUnderWay(1));
        }

        _region.Reply(new EventEnded(1, EventResult.Duplicate));
        Assert.Equal(EventResult.Duplicate, await sent.End.Task.WaitAsync(Patience));
        Assert.Empty(_sent.Open);
    }

    [Fact]
    public async Task What_is_heard_of_unasked_is_not_sent_again()
    {
        // The sender looks in real time, and time goes on only once what was told before has been heard.
        var time = new FakeTimeProvider();
        var clock = new MonotonicClock(time);
        var events = new SentEvents();
        var sender = Sys.ActorOf(ShardSender.CreateProps(events, _region, clock, Timeout));
        var sent = Send(1, events, sender);
        await _region.ExpectMsgAsync<SendEvent>(Patience);
        for (var i = 0; i < 15; i++)
        {
            time.Advance(Timeout / 7);
            sender.Tell(new EventUnderWay(1));
            await AwaitAssertAsync(() => Assert.Equal(clock.Now, sent.HeardAt), Patience);
            await _region.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(100));
        }

        sender.Tell(new EventEnded(1, EventResult.Handled));
        Assert.Equal(EventResult.Handled, await sent.End.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task What_was_not_begun_is_sent_again()
    {
        var sent = Send(1);
        await _region.ExpectMsgAsync<SendEvent>(Patience);
        _region.Reply(new EventNotBegun(1));
        await _region.ExpectMsgAsync<SendEvent>(Patience);
        _region.Reply(new EventEnded(1, EventResult.Handled));
        Assert.Equal(EventResult.Handled, await sent.End.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task What_nothing_is_heard_of_fails_so_that_it_is_tried_again()
    {
        var fault = (await Assert.ThrowsAsync<ForwardedFaultException>(() => Send(1).End.Task.WaitAsync(Patience))).Fault;
        Assert.Equal(("NoAnswer", true, true), (fault.Code, fault.IsTransient, fault.IsAway));
        Assert.Equal(fault, EventFault.Of(new ForwardedFaultException(fault)));
    }

    [Fact]
    public async Task What_failed_is_said_as_it_was_understood()
    {
        var sent = Send(1);
        await _region.ExpectMsgAsync<SendEvent>(Patience);
        _region.Reply(new EventFailed(1, "40001", "could not serialize access", IsTransient: true, IsAway: false));
        var fault = (await Assert.ThrowsAsync<ForwardedFaultException>(() => sent.End.Task.WaitAsync(Patience))).Fault;
        Assert.Equal(new EventFault("40001", "could not serialize access", IsTransient: true), fault);
    }

    [Fact]
    public async Task When_the_region_ends_all_that_is_open_is_handed_back_and_nothing_more_begins()
    {
        var sent = Send(1);
        await _region.ExpectMsgAsync<SendEvent>(Patience);
        Sys.Stop(_region);
        Assert.True(EventFault.IsShutdown(await Assert.ThrowsAsync<HyperConnException>(() => sent.End.Task.WaitAsync(Patience))));
        Assert.True(EventFault.IsShutdown(await Assert.ThrowsAsync<HyperConnException>(() => Send(2).End.Task.WaitAsync(Patience))));
    }

    private SentEvent Send(long number) => Send(number, _sent, _sender);

    private static SentEvent Send(long number, SentEvents events, IActorRef sender)
    {
        var sent = events.Add(new SendEvent(number, TenantKey.Create("core", "acme"), "default", "1", "null", null, "test", "test", "here", 1));
        sender.Tell(new ShardSender.Begin(number));
        return sent;
    }
}
