using HyperConn.Events.Sources;

namespace HyperConn.Events.Tests;

/// <summary>What a source holds: one of a group is out at a time, and those behind it go where it goes.</summary>
public sealed class DeliveryHandSpecs
{
    private readonly DeliveryHand<string> _hand = new(item => item[0] == '-' ? null : item[0], item => item.Length);

    [Fact]
    public void Of_a_group_one_is_out_at_a_time()
    {
        _hand.Add(["a1", "a2", "b1", "-1"]);

        Assert.Equal(["a1", "b1", "-1"], TakeAllReady());
        _hand.Done("a1");
        Assert.Equal(["a2"], TakeAllReady());
        _hand.Done("a2");
        _hand.Add(["a3"]);
        Assert.Equal(["a3"], TakeAllReady());
        Assert.Equal((0, 0L), (_hand.Count, _hand.Bytes));
    }

    [Fact]
    public void Those_behind_one_that_goes_back_go_back_too()
    {
        _hand.Add(["a1", "a2", "a3", "b1"]);
        Assert.True(_hand.TryTake(out var first));

        Assert.Equal(["a2", "a3"], _hand.GiveUp(first));
        Assert.Equal(["b1"], TakeAllReady());
        _hand.Add(["a1", "a2"]);
        Assert.Equal(["a1"], TakeAllReady());
    }

    [Fact]
    public void Taking_all_leaves_out_what_is_out()
    {
        _hand.Add(["a1", "a2", "b1", "b2", "-1"]);
        Assert.True(_hand.TryTake(out _));

        Assert.Equal(["-1", "a2", "b1", "b2"], _hand.TakeAll().Order(StringComparer.Ordinal));
        _hand.Done("a1");
        Assert.Empty(TakeAllReady());
        Assert.Equal(0, _hand.Count);
    }

    [Fact]
    public void Whoever_waits_is_woken_by_what_is_added_and_by_what_becomes_ready()
    {
        var first = _hand.Changed;
        Assert.False(first.IsCompleted);
        _hand.Add(["a1", "a2"]);
        Assert.True(first.IsCompleted);
        Assert.Equal(["a1"], TakeAllReady());
        var second = _hand.Changed;
        Assert.False(second.IsCompleted);
        _hand.Done("a1");
        Assert.True(second.IsCompleted);
        Assert.True(_hand.Changed.IsCompleted, "something is ready");
    }

    private List<string> TakeAllReady()
    {
        var taken = new List<string>();
        while (_hand.TryTake(out var item))
            taken.Add(item);
        return taken;
    }
}
