using HyperConn.Opening;
using HyperConn.Primitives;

namespace HyperConn.Tests.Pools;

/// <summary>How a caller of the slow path waits: on its thread, or without one.</summary>
public class OpenRequestSpecs : OpeningSpec
{
    private static readonly CancellationToken Cancelled = new(canceled: true);

    private readonly Task<int> _never = new TaskCompletionSource<int>().Task;

    private OpenRequest Blocking(TimeSpan left) =>
        new(Acme, null, null, isBlocking: true, Runtime.Monotonic) { Deadline = Runtime.Monotonic.Now + left, Stage = "the test waited" };

    [Fact]
    public async Task One_that_blocks_has_what_is_there_at_once()
    {
        var request = Blocking(TimeSpan.Zero);
        await request.WaitAsync(Task.CompletedTask, default);
        Assert.Equal(7, await request.WaitAsync(Task.FromResult(7), default));
        await request.WaitAnyAsync(default, _never, Task.CompletedTask);
        await request.PauseAsync(TimeSpan.Zero, Time, default);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await request.WaitAsync(Task.FromException(new InvalidOperationException()), default));
    }

    [Fact]
    public async Task One_that_blocks_gives_up_when_its_time_is_up_though_nobody_cancels_it()
    {
        foreach (var left in new[] { TimeSpan.FromMilliseconds(1), TimeSpan.Zero, TimeSpan.FromSeconds(-1) })
        {
            var request = Blocking(left);
            var cancelled = await Assert.ThrowsAsync<OperationCanceledException>(async () => await request.WaitAsync((Task)_never, default));
            Assert.Equal("The time was up while the test waited.", cancelled.Message);
            await Assert.ThrowsAsync<OperationCanceledException>(async () => await request.WaitAsync(_never, default));
            await Assert.ThrowsAsync<OperationCanceledException>(async () => await request.WaitAnyAsync(default, _never));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Either_stops_waiting_when_it_is_cancelled(bool isBlocking)
    {
        var request = isBlocking ? Blocking(TimeSpan.FromHours(1)) : Request(Pool("acme", Server()));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await request.WaitAsync((Task)_never, Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await request.WaitAsync(_never, Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await request.WaitAnyAsync(Cancelled, _never));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await request.PauseAsync(TimeSpan.FromHours(1), Time, Cancelled));
    }

    [Fact]
    public async Task One_that_does_not_block_waits_without_a_thread()
    {
        var request = Request(Pool("acme", Server()));
        var come = new TaskCompletionSource();
        var (waiting, pausing) = (request.WaitAsync(come.Task, default).AsTask(), request.PauseAsync(TimeSpan.FromSeconds(1), Time, default).AsTask());
        Assert.False(waiting.IsCompleted || pausing.IsCompleted);
        come.SetResult();
        Time.Advance(TimeSpan.FromSeconds(1));
        await PoolWorld.Within(waiting);
        await PoolWorld.Within(pausing);
    }

    [Fact]
    public void Waits_for_a_slot_grow_up_to_a_second_and_a_half()
    {
        var request = Request(Pool("acme", Server()));
        Assert.InRange(request.NextFullDelay(), TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(30));
        var delays = Enumerable.Range(0, 20).Select(_ => request.NextFullDelay()).ToList();
        Assert.InRange(delays[^1], TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.5));
        Assert.All(delays, delay => Assert.True(delay <= TimeSpan.FromSeconds(1.5)));
    }

    [Fact]
    public async Task Who_would_wait_past_its_deadline_for_a_server_that_is_away_is_told_at_once()
    {
        var pool = Pool("acme", Server());
        pool.Health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        var request = new OpenRequest(Acme, null, null, isBlocking: false, Runtime.Monotonic) { Deadline = Runtime.Monotonic.Now };
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => LeaseWait.AcquireAsync(request, pool, default).AsTask());
        Assert.Equal((HyperConnErrorCode.ServerUnreachable, Acme), (refused.Code, refused.Tenant));
        Assert.Equal(0, pool.Waiters);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_has_time_waits_until_the_server_is_back_with_or_without_a_memory_of_logins(bool hasLogin)
    {
        var pool = Pool("acme", Server());
        if (hasLogin)
            Publish(pool);
        pool.Health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        using var giveUp = new CancellationTokenSource();
        var waiting = LeaseWait.AcquireAsync(Request(pool), pool, giveUp.Token).AsTask();
        pool.Health.ReportReachable(Acme);
        Assert.False(waiting.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PoolWorld.Within(waiting));
        Assert.Equal(0, pool.Waiters);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_leaves_with_a_pool_in_hand_keeps_it_from_eviction_no_more(bool forLease)
    {
        var pool = Pool("acme", Server());
        var promise = new PoolPromise(forLease);
        promise.Keep(Publish(pool), pool);
        Assert.Equal(!forLease, pool.Desk.TryBeginEviction(notify: false));
        promise.Leave(default);
        Assert.Equal(forLease, pool.Desk.TryBeginEviction(notify: false));
        Assert.True(pool.Word.IsDraining);
    }

    [Fact]
    public async Task Who_leaves_before_it_has_one_or_after_it_was_refused_leaves_nothing()
    {
        var (early, refused) = (new PoolPromise(forLease: true), new PoolPromise(forLease: true));
        early.Leave(default);
        Assert.True(early.Task.IsCanceled);
        refused.Break(new HyperConnFailure(HyperConnErrorCode.Banned, "No."));
        refused.Leave(default);
        Assert.Equal(HyperConnErrorCode.Banned, (await refused.Task).Failure!.Code);
    }
}
