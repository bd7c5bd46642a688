using System.Text.Json.Nodes;
using HyperConn.Testing;

namespace HyperConn.Events.Sqs.Tests;

/// <summary>The source when SQS throttles, fails, answers late or in part: nothing is lost, and nothing stops.</summary>
public sealed class SqsFaultTests(SqsFixture sqs) : IClassFixture<SqsFixture>
{
    [SkippableFact]
    public async Task Entries_of_a_batch_that_fail_are_deleted_later_and_counted()
    {
        var queue = await sqs.QueueAsync();
        await using var wire = await FaultySqs.StartAsync(sqs.Url);
        var refused = new HashSet<string>();
        // Each receipt is refused the first time it comes.
        wire.Script("DeleteMessageBatch", FaultySqs.Refuse(entry => Once(refused, entry), "InternalError", senderFault: false));
        await queue.SendAsync(0, 40);
        var source = new SqsEventSource(queue.Options(wire.Url));
        await using var pump = new SourcePump(source, (pump, delivery) => pump.EndAsync(delivery));

        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "all deleted");

        Assert.Equal(40, pump.Ids.Distinct().Count());
        Assert.Equal(40, pump.Ids.Count);
        Assert.True(source.GetStatistics().Faults >= 40);
    }

    [SkippableFact]
    public async Task Extensions_that_fail_in_part_are_tried_again_at_once()
    {
        var queue = await sqs.QueueAsync();
        await using var wire = await FaultySqs.StartAsync(sqs.Url);
        var refused = new HashSet<string>();
        wire.Script("ChangeMessageVisibilityBatch", FaultySqs.Refuse(entry => Once(refused, entry), "RequestThrottled", senderFault: true));
        var options = queue.Options(wire.Url);
        options.VisibilityTimeout = TimeSpan.FromSeconds(6);
        await queue.SendAsync(0, 10);
        await using var pump = new SourcePump(new SqsEventSource(options), (_, _) => Task.CompletedTask);
        await SourcePump.UntilAsync(() => pump.InHand.Count == 10, "taken");

        var others = 0;
        var end = DateTimeOffset.UtcNow.AddSeconds(13);
        while (DateTimeOffset.UtcNow < end)
        {
            others += (await queue.PeekAsync()).Count;
            await Task.Delay(200);
        }

        Assert.Equal(0, others);
        Assert.Equal(10, refused.Count);
        foreach (var delivery in pump.Taken.ToList())
            await pump.EndAsync(delivery);
    }

    [SkippableTheory]
    [InlineData("throttled")]
    [InlineData("broken")]
    [InlineData("cut")]
    [InlineData("slow")]
    public async Task Most_calls_may_fail_and_all_is_handled(string how)
    {
        var queue = await sqs.QueueAsync();
        await using var wire = await FaultySqs.StartAsync(sqs.Url);
        // The SDK itself makes a call again that was cut off.
        foreach (var operation in new[] { "ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "GetQueueAttributes", "GetQueueUrl" })
            wire.Script(operation, FaultySqs.Sometimes(call => call % (how == "cut" ? 10 : 3) != 0, ct => Fault(how, ct)));
        var options = queue.Options(wire.Url);
        options.Timeout = TimeSpan.FromSeconds(1);
        options.VisibilityTimeout = TimeSpan.FromSeconds(5);
        // A call that hangs takes its second.
        var count = how == "slow" ? 30 : 100;
        await queue.SendAsync(0, count);
        var source = new SqsEventSource(options);
        await using var pump = new SourcePump(source, (pump, delivery) => pump.EndAsync(delivery));

        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "all handled and deleted");

        Assert.Equal(count, pump.Ids.Distinct().Count());
        Assert.True(source.GetStatistics().Faults > 0);
    }

    [SkippableFact]
    public async Task A_message_that_comes_again_while_it_is_worked_on_is_not_handed_out_twice()
    {
        var queue = await sqs.QueueAsync();
        await using var wire = await FaultySqs.StartAsync(sqs.Url);
        wire.Script("ChangeMessageVisibilityBatch", (_, _, _) => Task.FromResult(FaultySqs.Error(500, "InternalFailure")));
        var options = queue.Options(wire.Url);
        options.VisibilityTimeout = TimeSpan.FromSeconds(1);
        await queue.SendAsync(0, 5);
        await using var pump = new SourcePump(new SqsEventSource(options), (_, _) => Task.CompletedTask);
        await SourcePump.UntilAsync(() => pump.InHand.Count == 5, "taken");

        await SourcePump.UntilAsync(() => wire.Calls("ReceiveMessage").Count >= 8, "received again and again");
        Assert.Equal(5, pump.Taken.Count);

        wire.Script("ChangeMessageVisibilityBatch", null);
        foreach (var delivery in pump.Taken.ToList())
            await pump.EndAsync(delivery);
        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "deleted by the receipt of the last receive");
        Assert.Equal(5, pump.Ids.Distinct().Count());
    }

    [SkippableFact]
    public async Task A_queue_that_is_away_for_a_time_is_waited_for()
    {
        var queue = await sqs.QueueAsync();
        await using var wire = await FaultySqs.StartAsync(sqs.Url);
        string[] all = ["ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "GetQueueAttributes", "GetQueueUrl"];
        Away(true);
        await queue.SendAsync(0, 20);
        await using var pump = new SourcePump(new SqsEventSource(queue.Options(wire.Url)), (pump, delivery) => pump.EndAsync(delivery));
        await SourcePump.UntilAsync(() => wire.Calls("GetQueueUrl").Count >= 3, "tried");
        Away(false);
        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "handled");
        Away(true);
        await queue.SendAsync(20, 20);
        var receives = wire.Calls("ReceiveMessage").Count;
        await SourcePump.UntilAsync(() => wire.Calls("ReceiveMessage").Count >= receives + 3, "tried");
        Away(false);

        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "handled");
        Assert.Equal(40, pump.Ids.Distinct().Count());

        void Away(bool away)
        {
            foreach (var operation in all)
                wire.Script(operation, away ? (_, _, _) => Task.FromResult(new AwsReply(0, "")) : null);
        }
    }

    private static bool Once(HashSet<string> seen, JsonNode entry)
    {
        lock (seen)
            return seen.Add(entry["ReceiptHandle"]!.GetValue<string>());
    }

    private static async Task<AwsReply> Fault(string how, CancellationToken ct)
    {
        if (how == "slow")
            await Task.Delay(TimeSpan.FromSeconds(30), ct);
        return how switch
        {
            "throttled" => FaultySqs.Error(400, "RequestThrottled"),
            "broken" => FaultySqs.Error(500, "InternalFailure"),
            _ => new AwsReply(0, ""),
        };
    }
}
