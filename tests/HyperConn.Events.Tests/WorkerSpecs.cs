using System.Collections.Concurrent;
using System.Globalization;
using HyperConn.Events;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>Each delivery ends once: completed, or handed back.</summary>
public class WorkerSpecs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly HyperConnException Away = new(new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, "The store is away."));

    [Fact]
    public async Task Events_end_as_handled_duplicate_or_rejected_and_what_is_no_event_is_rejected_without_a_try()
    {
        var source = new MemorySource().Add(Event("a", "1"), Event("a", "2"), Event("a", "3"))
            .Add(new TenantDelivery { Place = "4", Fault = "It is none.", FaultCode = "NotJson" }).End();
        using var worker = Worker(source, (work, _) => work.Event.Id switch
        {
            "2" => Task.FromResult(EventResult.Duplicate),
            "3" => throw new EventRejectedException("Wrong", "It is wrong."),
            _ => Task.FromResult(EventResult.Handled),
        });
        await RunAsync(worker);

        Assert.Equal(
            [("1", new EventOutcome(EventResult.Handled)), ("2", new EventOutcome(EventResult.Duplicate)), ("3", new EventOutcome(EventResult.Rejected, "Wrong", "It is wrong.")),
                ("4", new EventOutcome(EventResult.Rejected, "NotJson", "It is none.", 0))],
            source.Completed.OrderBy(end => end.Place, StringComparer.Ordinal));
        var s = worker.GetStatistics();
        Assert.Equal((4, 1, 1, 2, 0, 0), (s.Read, s.Handled, s.Duplicates, s.Rejected, s.HandedBack, s.Lost));
        Assert.Equal(1, source.Flushed);
    }

    [Fact]
    public async Task What_may_pass_is_retried_in_order_while_other_tenants_go_on()
    {
        var source = new MemorySource();
        for (var i = 0; i < 20; i++)
            source.Add(Event("a", $"a{i:00}"), Event("b", $"b{i:00}"));
        source.End();
        var (allOfB, failed) = (new TaskCompletionSource(), new TaskCompletionSource());
        var order = new ConcurrentQueue<string>();
        using var worker = Worker(source, async (work, _) =>
        {
            // The first one of a fails for as long as b has events, and b has some until it has failed.
            if (work.Event.Id == "a00" && !allOfB.Task.IsCompleted)
            {
                failed.TrySetResult();
                throw Away;
            }

            if (work.Event.Tenant.Org == "b")
                await failed.Task;
            order.Enqueue(work.Event.Id);
            if (work.Event.Id == "b19")
                allOfB.SetResult();
            return EventResult.Handled;
        });
        await RunAsync(worker);

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"a{i:00}"), order.Where(id => id[0] == 'a'));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"b{i:00}"), order.Where(id => id[0] == 'b'));
        var s = worker.GetStatistics();
        Assert.Equal((40, 0), (s.Handled, s.Rejected));
        Assert.True(s.Retries > 0);
        Assert.Equal((nameof(HyperConnErrorCode.StoreUnavailable), 0), (s.Causes[0].Code, s.Causes[0].Rejected));
    }

    [Fact]
    public async Task What_is_still_wrong_after_the_time_for_retries_is_rejected_with_its_attempts()
    {
        var source = new MemorySource().Add(Event("a", "1")).End();
        using var worker = Worker(source, (_, _) => throw Away, o => o.RetryFor = TimeSpan.FromMilliseconds(500));
        await RunAsync(worker);

        var (_, outcome) = Assert.Single(source.Completed);
        Assert.Equal((EventResult.Rejected, nameof(HyperConnErrorCode.StoreUnavailable)), (outcome.Result, outcome.Code));
        Assert.True(outcome.Attempts > 1);
    }

    [Fact]
    public async Task While_enough_waits_no_more_is_read()
    {
        var gate = new TaskCompletionSource();
        var source = new MemorySource();
        for (var i = 0; i < 200; i++)
            source.Add(Event("a", i.ToString(CultureInfo.InvariantCulture)));
        source.End();
        using var worker = Worker(
            source,
            async (_, _) =>
            {
                await gate.Task;
                return EventResult.Handled;
            },
            o => (o.Workers, o.MaxWaiting) = (4, 10));
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync(() => source.Handed >= 11);
        await Task.Delay(100);
        // One under way, ten that wait, and the one that was handed out before that was known.
        Assert.InRange(source.Handed, 11, 12);
        gate.SetResult();
        await worker.Completion.WaitAsync(Patience);
        Assert.Equal(200, worker.GetStatistics().Handled);
    }

    [Fact]
    public async Task A_stop_finishes_what_has_begun_and_hands_back_the_rest()
    {
        var gate = new TaskCompletionSource();
        var source = new MemorySource().Add(Event("a", "1"), Event("a", "2"), Event("b", "3"));
        using var worker = Worker(source, async (work, _) =>
        {
            if (work.Event.Id == "3")
                throw Away;
            await gate.Task;
            return EventResult.Handled;
        });
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync(() => worker.GetStatistics() is { InFlight: 1, Waiting: 2, Retries: > 0 });
        var stopping = worker.StopAsync(CancellationToken.None);
        await UntilAsync(() => source.Abandoned.Count == 2);
        gate.SetResult();
        await stopping.WaitAsync(Patience);

        Assert.Equal(["1"], source.Completed.Select(end => end.Place));
        Assert.Equal(["2", "3"], source.Abandoned.Order(StringComparer.Ordinal));
        var s = worker.GetStatistics();
        Assert.Equal((1, 2, 0, 0), (s.Handled, s.HandedBack, s.Lost, s.Rejected));
    }

    [Fact]
    public async Task What_does_not_end_within_the_deadline_of_the_stop_is_cancelled_and_handed_back()
    {
        var source = new MemorySource().Add(Event("a", "1"));
        using var worker = Worker(
            source,
            async (_, cancelled) =>
            {
                await Task.Delay(Timeout.Infinite, cancelled);
                return EventResult.Handled;
            },
            o => o.StopTimeout = TimeSpan.FromMilliseconds(50));
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync(() => worker.GetStatistics().InFlight == 1);
        await worker.StopAsync(CancellationToken.None).WaitAsync(Patience);

        Assert.Equal(["1"], source.Abandoned);
        Assert.Equal((1, 0), (worker.GetStatistics().HandedBack, worker.GetStatistics().Rejected));
    }

    [Fact]
    public async Task A_worker_that_is_disposed_of_without_a_stop_hands_back_what_it_has()
    {
        var source = new MemorySource().Add(Event("a", "1"), Event("a", "2"), Event("b", "3"));
        using var worker = Worker(source, async (_, cancelled) =>
        {
            await Task.Delay(Timeout.Infinite, cancelled);
            return EventResult.Handled;
        });
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync(() => worker.GetStatistics() is { InFlight: 2, Waiting: 1 });
        worker.Dispose();
        await UntilAsync(() => source.Abandoned.Count == 3);
        Assert.Equal((3, 0), (worker.GetStatistics().HandedBack, worker.GetStatistics().Rejected));
    }

    [Fact]
    public async Task What_a_source_does_not_hand_out_again_is_counted_as_lost()
    {
        var gate = new TaskCompletionSource();
        var source = new MemorySource { Redelivers = false }.Add(Event("a", "1"), Event("a", "2"), Event("a", "3"));
        using var worker = Worker(source, async (_, _) =>
        {
            await gate.Task;
            return EventResult.Handled;
        });
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync(() => worker.GetStatistics() is { InFlight: 1, Waiting: 2 });
        var stopping = worker.StopAsync(CancellationToken.None);
        await UntilAsync(() => source.Abandoned.Count == 2);
        gate.SetResult();
        await stopping.WaitAsync(Patience);
        Assert.Equal((1, 0, 2), (worker.GetStatistics().Handled, worker.GetStatistics().HandedBack, worker.GetStatistics().Lost));
    }

    [Fact]
    public async Task A_source_that_can_t_let_go_of_an_event_ends_the_worker_and_gets_the_rest_back()
    {
        var source = new MemorySource { CompletionFault = new IOException("The disk is full.") }.Add(Event("a", "1"), Event("a", "2"), Event("b", "3"));
        using var worker = Worker(source, (_, _) => Task.FromResult(EventResult.Handled));
        await worker.StartAsync(CancellationToken.None);
        Assert.Equal("The disk is full.", (await Assert.ThrowsAsync<IOException>(() => worker.Completion.WaitAsync(Patience))).Message);
        Assert.Equal(0, worker.GetStatistics().Handled);
    }

    [Fact]
    public async Task Deliveries_that_are_held_are_extended_until_they_end()
    {
        var gate = new TaskCompletionSource();
        var source = new MemorySource { ExtendEvery = TimeSpan.FromMilliseconds(10) }.Add(Event("a", "1"), Event("a", "2")).End();
        using var worker = Worker(source, async (_, _) =>
        {
            await gate.Task;
            return EventResult.Handled;
        });
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync(() => source.Extended.Count(place => place == "1") > 3 && source.Extended.Count(place => place == "2") > 3);
        gate.SetResult();
        await worker.Completion.WaitAsync(Patience);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_cancelled_and_made_again()
    {
        var source = new MemorySource().Add(Event("a", "1")).End();
        using var worker = Worker(
            source,
            async (work, cancelled) =>
            {
                if (work.Attempts == 1)
                    await Task.Delay(Timeout.Infinite, cancelled);
                return EventResult.Handled;
            },
            o => o.AttemptTimeout = TimeSpan.FromMilliseconds(50));
        await RunAsync(worker);
        Assert.Equal(2, Assert.Single(source.Completed).Outcome.Attempts);
    }

    [Theory]
    [InlineData("40001", true)]
    [InlineData("40P01", true)]
    [InlineData("55P03", true)]
    [InlineData("53300", true)]
    [InlineData("57P01", true)]
    [InlineData("57P03", true)]
    [InlineData("08006", true)]
    [InlineData("25006", true)]
    [InlineData("23505", false)]
    [InlineData("42P01", false)]
    [InlineData("22P05", false)]
    public void What_postgres_says_decides_what_may_pass(string state, bool isTransient) =>
        Assert.Equal(isTransient, EventFault.Of(new PostgresException("x", "ERROR", "ERROR", state)).IsTransient);

    [Theory]
    [InlineData(HyperConnErrorCode.StoreUnavailable, true)]
    [InlineData(HyperConnErrorCode.StoreThrottled, true)]
    [InlineData(HyperConnErrorCode.CapacityReached, true)]
    [InlineData(HyperConnErrorCode.BudgetTimedOut, true)]
    [InlineData(HyperConnErrorCode.ServerUnreachable, true)]
    [InlineData(HyperConnErrorCode.Paused, true)]
    [InlineData(HyperConnErrorCode.SecretNotFound, false)]
    [InlineData(HyperConnErrorCode.LoginRefused, false)]
    public void What_the_manager_says_decides_what_may_pass(HyperConnErrorCode code, bool isTransient) =>
        Assert.Equal(isTransient, EventFault.Of(new HyperConnException(new HyperConnFailure(code, "x"))).IsTransient);

    private static TenantEvent Event(string org, string id) => new(TenantKey.Create("core", org), "default", id, "null");

    private static TenantEventWorker Worker(
        MemorySource source, Func<EventWork, CancellationToken, Task<EventResult>> attempt, Action<TenantEventOptions>? configure = null)
    {
        var options = new TenantEventOptions();
        configure?.Invoke(options);
        return new TenantEventWorker(source, options, attempt, null, TimeProvider.System, NullLogger.Instance, _ => Task.CompletedTask);
    }

    private static async Task RunAsync(TenantEventWorker worker)
    {
        await worker.StartAsync(CancellationToken.None);
        await worker.Completion.WaitAsync(Patience);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
            await Task.Delay(5, patience.Token);
    }
}
