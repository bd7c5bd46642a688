using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Diagnostics;

/// <summary>The latest events, for operators.</summary>
public sealed class OperatorEventsSpecs
{
    [Fact]
    public void Events_keep_the_latest_in_order_and_are_read_from_where_one_left_off()
    {
        var events = new OperatorEvents(capacity: 4, new FakeTimeProvider(Samples.Now));
        for (var i = 1; i <= 6; i++)
            events.Record(OperatorEventKind.PoolCreated, $"event {i}");

        Assert.Equal([3, 4, 5, 6], events.After(0).Select(e => e.Id));
        Assert.Equal([6], events.After(5).Select(e => e.Id));
        Assert.Equal(["event 5", "event 6"], events.After(0, maxCount: 2).Select(e => e.Message));
        Assert.Empty(events.After(6));
        Assert.Equal(6, events.LastId);
    }

    [Fact]
    public void Pools_made_and_evicted_push_out_nothing_but_their_like()
    {
        var events = new OperatorEvents(capacity: 4, new FakeTimeProvider(Samples.Now));
        events.Record(OperatorEventKind.LoginRefused, "rare");
        for (var i = 0; i < 100; i++)
            events.Record(i % 2 == 0 ? OperatorEventKind.PoolCreated : OperatorEventKind.PoolEvicted, "often");

        Assert.Equal([1, 98, 99, 100, 101], events.After(0).Select(e => e.Id));
        Assert.Equal([1, 101], events.After(0, maxCount: 2).Select(e => e.Id));
    }
}
