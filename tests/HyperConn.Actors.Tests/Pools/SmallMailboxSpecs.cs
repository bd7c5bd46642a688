using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch.MessageQueues;
using HyperConn.Pools;
using HyperConn.Primitives;

namespace HyperConn.Tests.Pools;

public class SmallMailboxSpecs
{
    [Fact]
    public async Task Nothing_is_lost_doubled_or_out_of_its_senders_order()
    {
        const int Senders = 8;
        const int Each = 50_000;
        var queue = new SmallMailbox.Messages();
        var senders = Enumerable.Range(0, Senders).Select(sender => Task.Run(() =>
        {
            for (var number = 0; number < Each; number++)
                queue.Enqueue(ActorRefs.Nobody, new Envelope((sender, number), ActorRefs.NoSender));
        })).ToArray();

        var next = new int[Senders];
        var reading = Task.Run(() =>
        {
            for (var read = 0; read < Senders * Each;)
            {
                if (!queue.TryDequeue(out var envelope))
                {
                    Thread.Yield();
                    continue;
                }

                var (sender, number) = ((int, int))envelope.Message;
                Assert.Equal(next[sender]++, number);
                read++;
            }
        });
        await reading.WaitAsync(TimeSpan.FromMinutes(2));
        await Task.WhenAll(senders);
        Assert.All(next, count => Assert.Equal(Each, count));
        Assert.False(queue.HasMessages);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void What_is_left_goes_to_the_dead_letters()
    {
        var queue = new SmallMailbox.Messages();
        Assert.False(queue.TryDequeue(out _));
        foreach (var text in new[] { "a", "b", "c" })
            queue.Enqueue(ActorRefs.Nobody, new Envelope(text, ActorRefs.NoSender));
        Assert.Equal((3, true), (queue.Count, queue.HasMessages));
        Assert.True(queue.TryDequeue(out var first));
        Assert.Equal("a", first.Message);
        var dead = new UnboundedMessageQueue();
        queue.CleanUp(ActorRefs.Nobody, dead);
        Assert.Equal((0, false, 2), (queue.Count, queue.HasMessages, dead.Count));
    }

    [Fact]
    public async Task Akka_knows_it_by_its_name_and_an_actor_gets_what_it_is_sent()
    {
        using var system = ActorSystem.Create("mail", ConfigurationFactory.ParseString("akka { stdout-loglevel = OFF, loglevel = OFF }"));
        system.Settings.InjectTopLevelFallback(SmallMailbox.Settings);
        var echo = system.ActorOf(Props.Create<Echo>().WithMailbox(SmallMailbox.Id));
        for (var number = 0; number < 1_000; number++)
            Assert.Equal(number, await echo.Ask<int>(number, TimeSpan.FromMinutes(1)));
        await system.Terminate();
    }

    [Fact]
    public void The_first_handler_that_fits_handles()
    {
        var seen = new List<string>();
        var behavior = new Behavior<List<string>>()
            .On<int>((list, number) => list.Add($"int {number}"))
            .Ignore<string>()
            .On<IComparable>((list, other) => list.Add($"other {other}"));
        Assert.True(behavior.TryHandle(seen, 1));
        Assert.True(behavior.TryHandle(seen, "x"));
        Assert.True(behavior.TryHandle(seen, 2L));
        Assert.False(behavior.TryHandle(seen, new object()));
        Assert.Equal(["int 1", "other 2"], seen);
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }
}
