using System.Text.Json.Nodes;
using HyperConn.Testing;
using Microsoft.Extensions.Logging;

namespace HyperConn.Events.Sqs.Tests;

/// <summary>The source on the wire of a sound queue.</summary>
public sealed class SqsSourceTests(SqsFixture sqs) : IClassFixture<SqsFixture>
{
    [SkippableFact]
    public async Task Every_message_is_handed_out_once_and_deleted_in_batches()
    {
        var queue = await sqs.QueueAsync();
        await using var wire = await FaultySqs.StartAsync(sqs.Url);
        var given = 0;
        wire.Script("ReceiveMessage", async (body, next, _) =>
        {
            var reply = await next(body);
            Interlocked.Add(ref given, (JsonNode.Parse(reply.Body)?["Messages"] as JsonArray)?.Count ?? 0);
            return reply;
        });
        await queue.SendAsync(0, 200, tenants: 5);
        await using var pump = new SourcePump(new SqsEventSource(queue.Options(wire.Url)), (pump, delivery) => pump.EndAsync(delivery));

        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "all deleted");

        // Asked twice at once, a standard queue may give one message twice; the source adds none to that.
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i}").Order(), pump.Ids.Distinct().Order());
        Assert.InRange(pump.Ids.Count, 200, given);
        Assert.All(wire.Calls("DeleteMessageBatch"), call => Assert.InRange(call["Entries"]!.AsArray().Count, 1, 10));
        Assert.Equal(pump.Ids.Count, wire.Calls("DeleteMessageBatch").Sum(call => call["Entries"]!.AsArray().Count));
        // Had they been deleted one by one, these would be 200 calls.
        Assert.InRange(wire.Calls("DeleteMessageBatch").Count, 20, 120);
    }

    [SkippableFact]
    public async Task A_message_brings_its_event_its_age_and_its_tries()
    {
        var queue = await sqs.QueueAsync();
        await queue.SendAsync(7, 1);
        await using (var first = new SourcePump(new SqsEventSource(queue.Options(sqs.Url)), (_, _) => Task.CompletedTask))
        {
            await SourcePump.UntilAsync(() => !first.InHand.IsEmpty, "taken");
            await first.AbandonAsync(first.Taken.Single());
        }

        await using var pump = new SourcePump(new SqsEventSource(queue.Options(sqs.Url)), (pump, delivery) => pump.EndAsync(delivery));
        await SourcePump.UntilAsync(() => !pump.Taken.IsEmpty, "taken again");

        var delivery = pump.Taken.Single();
        Assert.Equal(TenantKey.Create("core", "org0"), delivery.Event!.Tenant);
        Assert.Equal(("order", "7", """{"n":7}"""), (delivery.Event.Type, delivery.Event.Id, delivery.Event.Data));
        Assert.InRange(delivery.Event.CreatedAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.True(delivery.EarlierAttempts >= 1);
    }

    [SkippableFact]
    public async Task What_is_worked_on_stays_hidden_for_longer_than_the_visibility_time_out()
    {
        var queue = await sqs.QueueAsync();
        var options = queue.Options(sqs.Url);
        options.VisibilityTimeout = TimeSpan.FromSeconds(2);
        await queue.SendAsync(0, 30);
        // Ten are worked on; twenty more wait in the source.
        await using var pump = new SourcePump(new SqsEventSource(options), (_, _) => Task.CompletedTask, room: 9);
        await SourcePump.UntilAsync(() => pump.InHand.Count == 10, "ten taken");

        var others = 0;
        var end = DateTimeOffset.UtcNow.AddSeconds(7);
        while (DateTimeOffset.UtcNow < end)
        {
            others += (await queue.PeekAsync()).Count(message => pump.Taken.Any(taken => taken.Place == message.MessageId));
            await Task.Delay(100);
        }

        Assert.Equal(0, others);
        foreach (var delivery in pump.Taken.ToList())
            await pump.EndAsync(delivery);
    }

    [SkippableFact]
    public async Task What_was_not_handed_out_is_given_back_at_the_stop()
    {
        var queue = await sqs.QueueAsync();
        var options = queue.Options(sqs.Url);
        options.VisibilityTimeout = TimeSpan.FromHours(1);
        await queue.SendAsync(0, 10);
        var source = new SqsEventSource(options);
        await using (var pump = new SourcePump(source, (_, _) => Task.CompletedTask, room: 0))
        {
            await SourcePump.UntilAsync(() => pump.Taken.Count == 1, "one taken");
            await pump.StopAsync();
            await pump.EndAsync(pump.Taken.Single());
        }

        var back = new HashSet<string>();
        await SourcePump.UntilAsync(
            async () =>
            {
                back.UnionWith((await queue.PeekAsync()).Select(message => message.MessageId));
                return back.Count == 9;
            },
            "nine are there for others, an hour before their time");
    }

    [SkippableFact]
    public async Task What_is_on_its_way_here_at_the_stop_is_given_back_too()
    {
        var queue = await sqs.QueueAsync();
        await using var wire = await FaultySqs.StartAsync(sqs.Url);
        var asked = new TaskCompletionSource();
        wire.Script("ReceiveMessage", async (body, next, _) =>
        {
            var reply = await next(body);
            asked.TrySetResult();
            await Task.Delay(TimeSpan.FromSeconds(0.5), CancellationToken.None);
            return reply;
        });
        var options = queue.Options(wire.Url);
        options.VisibilityTimeout = TimeSpan.FromHours(1);
        await queue.SendAsync(0, 10);
        await using (var pump = new SourcePump(new SqsEventSource(options), (_, _) => Task.CompletedTask))
        {
            await asked.Task;
            await pump.StopAsync();
            Assert.Empty(pump.Taken);
        }

        var back = new HashSet<string>();
        await SourcePump.UntilAsync(
            async () =>
            {
                back.UnionWith((await queue.PeekAsync()).Select(message => message.MessageId));
                return back.Count == 10;
            },
            "all are there for others, an hour before their time");
    }

    [SkippableFact]
    public async Task Nothing_is_received_while_the_worker_has_enough()
    {
        var queue = await sqs.QueueAsync();
        await using var wire = await FaultySqs.StartAsync(sqs.Url);
        await queue.SendAsync(0, 200);
        await using var pump = new SourcePump(new SqsEventSource(queue.Options(wire.Url)), (_, _) => Task.CompletedTask, room: 4);
        await SourcePump.UntilAsync(() => pump.Taken.Count == 5, "five taken");
        // Receives that were under way when the worker had enough have ended by then.
        await Task.Delay(1_500);
        var receives = wire.Calls("ReceiveMessage").Count;
        await Task.Delay(2_000);

        Assert.Equal(receives, wire.Calls("ReceiveMessage").Count);
        Assert.InRange(receives, 1, 4);
        foreach (var delivery in pump.Taken.ToList())
            await pump.EndAsync(delivery);
    }

    [SkippableFact]
    public async Task A_rejected_message_goes_to_the_dead_letter_queue_by_the_redrive_policy()
    {
        var queue = await sqs.QueueAsync(maxReceives: 3);
        await queue.SendAsync(0, 3);
        await using var pump = new SourcePump(
            new SqsEventSource(queue.Options(sqs.Url)),
            (pump, delivery) => pump.EndAsync(delivery, delivery.Event!.Id == "1" ? EventResult.Rejected : EventResult.Handled, "NoStatement"));

        var dead = new List<string>();
        await SourcePump.UntilAsync(
            async () =>
            {
                dead.AddRange((await queue.PeekAsync(queue.DeadUrl)).Select(message => message.Body));
                return dead.Count > 0;
            },
            "in the dead-letter queue");

        Assert.Contains("\"id\":\"1\"", dead[0], StringComparison.Ordinal);
        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "nothing left");
        Assert.Equal(3, pump.Ids.Count(id => id == "1"));
        Assert.Equal(1, pump.Ids.Count(id => id == "0"));
    }

    [SkippableFact]
    public async Task A_rejected_message_is_deleted_and_reported_where_there_is_no_redrive_policy()
    {
        var queue = await sqs.QueueAsync();
        await queue.SendTextAsync("this is no event");
        var log = new RecordingLog();
        await using var pump = new SourcePump(
            new SqsEventSource(queue.Options(sqs.Url), log), (pump, delivery) => pump.EndAsync(delivery, EventResult.Rejected, delivery.FaultCode));

        await SourcePump.UntilAsync(async () => !pump.Taken.IsEmpty && await queue.CountAsync() == 0, "deleted");

        var delivery = pump.Taken.Single();
        Assert.Null(delivery.Event);
        Assert.Equal("this is no event", delivery.Raw);
        Assert.Contains(log.Lines, line => line.Contains("is deleted though it was rejected (NotJson)", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task It_tells_how_many_wait()
    {
        var queue = await sqs.QueueAsync();
        await queue.SendAsync(0, 50);
        var source = new SqsEventSource(queue.Options(sqs.Url));
        await using var pump = new SourcePump(source, (_, _) => Task.CompletedTask, room: 0);

        await SourcePump.UntilAsync(() => source.GetStatistics().Waiting is >= 30 and <= 50, "counted");
        await SourcePump.UntilAsync(() => source.GetStatistics().OldestAt is not null, "the oldest in hand");
        await pump.EndAsync(pump.Taken.Single());
    }

    [SkippableFact]
    public async Task A_queue_that_does_not_exist_is_said_at_the_start_and_without_keys()
    {
        var queue = await sqs.QueueAsync();
        var options = queue.Options(sqs.Url);
        options.Queue = "nowhere";
        var log = new RecordingLog();
        await using var source = new SqsEventSource(options, log);

        var fault = await Assert.ThrowsAsync<HyperConnException>(async () =>
        {
            await foreach (var _ in source.ReadAsync(CancellationToken.None))
            {
            }
        });

        Assert.Equal(HyperConnErrorCode.NotConfigured, fault.Code);
        Assert.Contains("'nowhere'", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("CANARY", fault + string.Join('\n', log.Lines), StringComparison.Ordinal);
    }

    internal sealed class RecordingLog : ILogger<SqsEventSource>
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

        public IReadOnlyList<string> Lines => [.. _lines];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{formatter(state, exception)} {exception}");
    }
}
