using HyperConn.Testing;

namespace HyperConn.Events.Sqs.Tests;

/// <summary>Message groups of a FIFO queue keep their order, also over what is handed back.</summary>
public sealed class SqsFifoTests(SqsFixture sqs) : IClassFixture<SqsFixture>
{
    [SkippableFact]
    public async Task A_groups_messages_come_one_after_the_other_in_order()
    {
        var queue = await sqs.QueueAsync(fifo: true);
        await queue.SendAsync(0, 60, tenants: 4);
        var out_ = new Dictionary<string, int>();
        var overlapped = 0;
        await using var pump = new SourcePump(new SqsEventSource(Options(queue)), async (pump, delivery) =>
        {
            var org = delivery.Event!.Tenant.Org;
            lock (out_)
                overlapped += (out_[org] = out_.GetValueOrDefault(org) + 1) > 1 ? 1 : 0;
            await Task.Delay(2);
            lock (out_)
                out_[org]--;
            await pump.EndAsync(delivery);
        });

        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "all handled");

        Assert.Equal(0, overlapped);
        foreach (var group in pump.Taken.GroupBy(delivery => delivery.Event!.Tenant.Org))
            Assert.Equal(group.Select(Number).Order(), group.Select(Number));
        Assert.Equal(60, pump.Ids.Count);
    }

    [SkippableFact]
    public async Task When_one_is_handed_back_none_of_its_group_overtakes_it()
    {
        var queue = await sqs.QueueAsync(fifo: true);
        await queue.SendAsync(0, 24, tenants: 2);
        var failures = 0;
        var done = new List<(string Org, int Number)>();
        await using var pump = new SourcePump(new SqsEventSource(Options(queue)), async (pump, delivery) =>
        {
            // Every third message fails the first time.
            if (delivery.EarlierAttempts == 0 && Number(delivery) % 3 == 0)
            {
                Interlocked.Increment(ref failures);
                await pump.AbandonAsync(delivery);
                return;
            }

            lock (done)
                done.Add((delivery.Event!.Tenant.Org, Number(delivery)));
            await pump.EndAsync(delivery);
        });

        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "all handled");

        Assert.True(failures > 0);
        Assert.Equal(24, done.Count);
        foreach (var group in done.GroupBy(entry => entry.Org))
            Assert.Equal(group.Select(entry => entry.Number).Order(), group.Select(entry => entry.Number));
    }

    [SkippableFact]
    public async Task A_rejected_one_goes_to_the_dead_letter_queue_and_its_group_goes_on()
    {
        var queue = await sqs.QueueAsync(fifo: true, maxReceives: 2);
        await queue.SendAsync(0, 6);
        var handled = new List<int>();
        await using var pump = new SourcePump(new SqsEventSource(Options(queue)), async (pump, delivery) =>
        {
            if (Number(delivery) == 2)
            {
                await pump.EndAsync(delivery, EventResult.Rejected, "NoStatement");
                return;
            }

            lock (handled)
                handled.Add(Number(delivery));
            await pump.EndAsync(delivery);
        });

        await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "all done with");

        // Those behind it would have got there, too, had they been handed back with it.
        Assert.Equal("2", (await queue.PeekAsync(queue.DeadUrl)).Select(message => message.Attributes["MessageDeduplicationId"]).Single());
        Assert.Equal([0, 1, 3, 4, 5], handled);
        Assert.Equal(2, pump.Ids.Count(id => id == "2"));
    }

    // The emulator has no lock around a receive: two at once can get messages of one group.
    private SqsEventOptions Options(TestQueue queue)
    {
        var options = queue.Options(sqs.Url);
        options.Receivers = 1;
        return options;
    }

    private static int Number(TenantDelivery delivery) => int.Parse(delivery.Event!.Id, System.Globalization.CultureInfo.InvariantCulture);
}
