using HyperConn.Leases;

namespace HyperConn.Tests.Pools;

public class LeaseQueueSpecs
{
    private readonly LeaseQueue _queue = new();

    private LeaseWaiter[] Add(int count)
    {
        var waiters = Enumerable.Range(1, count).Select(since => new LeaseWaiter(since)).ToArray();
        foreach (var waiter in waiters)
            _queue.Add(waiter);
        return waiters;
    }

    [Fact]
    public void First_come_first_served()
    {
        var waiters = Add(3);
        Assert.Equal((3, 1L), (_queue.Count, _queue.WaitsSince));
        Assert.Equal(waiters, Enumerable.Range(0, 3).Select(_ => _queue.TakeFirst()));
        Assert.Equal((0, null), (_queue.Count, _queue.WaitsSince));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Who_leaves_from_anywhere_is_out_once_and_the_others_keep_their_order(int leaving)
    {
        var waiters = Add(3);
        Assert.True(_queue.Remove(waiters[leaving]));
        Assert.False(_queue.Remove(waiters[leaving]));
        Assert.Equal(waiters.Where((_, place) => place != leaving), Enumerable.Range(0, 2).Select(_ => _queue.TakeFirst()));
    }

    [Fact]
    public void A_turn_is_over_after_its_quantum_and_begins_anew_with_a_grant()
    {
        Assert.False(_queue.IsTurnOver(2));
        Assert.False(_queue.IsTurnOver(2));
        Assert.True(_queue.IsTurnOver(2));
        _queue.BeginTurn();
        Assert.False(_queue.IsTurnOver(2));
    }

    [Fact]
    public void Nobody_is_taken_from_an_empty_queue() => Assert.Throws<InvalidOperationException>(() => _queue.TakeFirst());
}
