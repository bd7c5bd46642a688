using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Secrets;

/// <summary>Which call goes when: the window, the batch, the calls under way, the store's pace and its gate.</summary>
public class StoreCallsSpecs
{
    private readonly FakeTimeProvider _time = new();
    private readonly MonotonicClock _clock;
    private readonly Jitter _jitter = new(new FixedRandom(1));
    private readonly ScriptedSecretStore _store = new() { MaxBatchSize = 3 };
    private readonly SecretOptions _options = new();
    private readonly RecordingLogger _lines = new();
    private StoreCalls? _calls;

    public StoreCallsSpecs() => _clock = new MonotonicClock(_time);

    private StoreCalls Calls => _calls ??= new StoreCalls(_store, _options, _clock, _jitter, _lines);

    [Fact]
    public void What_is_asked_within_a_window_goes_at_its_end_in_one_call()
    {
        Add("a");
        Assert.Equal(_clock.Now + _options.BatchWindow, Calls.WakeAt);
        _time.Advance(_options.BatchWindow / 2);
        Add("b");
        Assert.Null(Calls.Begin());
        _time.Advance(_options.BatchWindow / 2);
        Assert.Equal("a b", Begin());
        Assert.Null(Calls.Begin());
        Assert.Null(Calls.WakeAt);
        Assert.Equal((1, 1), (Calls.Begun, Calls.Batches));
    }

    [Fact]
    public void A_full_batch_goes_at_once_with_those_first_that_somebody_waits_for()
    {
        var background = Add("a", urgent: false);
        Add("b", urgent: false);
        Add("c");
        Calls.Promote(background);
        Assert.Equal("c a b", Begin());
    }

    [Fact]
    public void Without_a_window_each_goes_alone()
    {
        _options.BatchWindow = TimeSpan.Zero;
        Add("a");
        Add("b");
        Assert.Equal(("a", "b"), (Begin(), Begin()));
    }

    [Fact]
    public void Eight_calls_may_be_under_way()
    {
        _options.BatchWindow = TimeSpan.Zero;
        for (var i = 0; i < 9; i++)
            Add($"{i}");
        var first = Calls.Begin()!;
        for (var i = 1; i < 8; i++)
            Assert.NotNull(Calls.Begin());
        Assert.Null(Calls.Begin());
        Calls.End(first, [Found]);
        Assert.Equal("8", Begin());
    }

    [Fact]
    public void After_throttling_the_next_call_waits_for_the_pace()
    {
        _options.BatchWindow = TimeSpan.Zero;
        Add("a");
        Calls.End(Calls.Begin()!, [Failed(HyperConnErrorCode.StoreThrottled)]);
        Add("b");
        Assert.Null(Calls.Begin());
        Assert.Equal((_clock.Now + TimeSpan.FromSeconds(1), 1), (Calls.WakeAt, Calls.Throttled));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("b", Begin());
    }

    [Fact]
    public void Calls_sent_before_the_pace_fell_do_not_slow_it_down_again()
    {
        _options.BatchWindow = TimeSpan.Zero;
        Add("a");
        Add("b");
        var (first, second) = (Calls.Begin()!, Calls.Begin()!);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Calls.End(first, [Failed(HyperConnErrorCode.StoreThrottled)]);
        Calls.End(second, [Failed(HyperConnErrorCode.StoreThrottled)]);
        Assert.Equal((2, 2005), (Calls.Throttled, Assert.Single(_lines.EventIds)));
    }

    [Fact]
    public void It_wakes_when_the_pace_allows_a_call_or_the_window_ends_whichever_is_sooner()
    {
        _options.BatchWindow = TimeSpan.FromSeconds(1.5);
        var start = _clock.Now;
        ThrottleFullBatch();
        AddFullBatch();
        Assert.Null(Calls.Begin());
        Assert.Equal(start + TimeSpan.FromSeconds(1), Calls.WakeAt);

        _time.Advance(TimeSpan.FromSeconds(1));
        ThrottleFullBatch();
        AddFullBatch();
        Assert.Null(Calls.Begin());
        Assert.Equal(start + TimeSpan.FromSeconds(1.5), Calls.WakeAt);

        void AddFullBatch()
        {
            for (var i = 0; i < 3; i++)
                Add("a");
        }

        void ThrottleFullBatch()
        {
            AddFullBatch();
            Calls.End(Calls.Begin()!, [Failed(HyperConnErrorCode.StoreThrottled)]);
        }
    }

    [Fact]
    public void Calls_that_fail_for_two_secrets_shut_the_gate_and_empty_the_queue()
    {
        ShutGate();
        Add("c");
        _time.Advance(_options.BatchWindow);
        Assert.Null(Calls.Begin());
        Assert.Equal(["c"], Calls.TakeUnsendable().Select(entry => entry.Org));

        // One call tries when its time has come, and its answer opens the gate.
        _time.Advance(_options.FailureTimeToLive);
        Add("d");
        _time.Advance(_options.BatchWindow);
        var probe = Calls.Begin()!;
        Assert.True(probe.IsProbe);
        Assert.True(Calls.End(probe, [Failed(HyperConnErrorCode.SecretNotFound)]));
        Assert.True(Calls.Gate.IsOpen);
        Assert.Empty(Calls.TakeUnsendable());
    }

    [Fact]
    public void Changes_wait_for_the_stores_next_try_and_stay_until_it_has_answered()
    {
        var changes = new PendingChanges(Calls.Gate, _clock);
        var entry = Entry("a");
        ShutGate();
        changes.Add(entry);
        Assert.Empty(changes.TakeDue(evenAfterFailure: false));
        Assert.Equal(_clock.Now + _options.FailureTimeToLive, changes.WakeAt);
        _time.Advance(_options.FailureTimeToLive);
        Assert.Equal([entry], changes.TakeDue(evenAfterFailure: false));

        entry.BeginFetch();
        Assert.Empty(changes.TakeDue(evenAfterFailure: false));
        entry.End();
        entry.Remember(new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, "No."), _options.FailureTimeToLive);
        Assert.Empty(changes.TakeDue(evenAfterFailure: false));
        Assert.Equal([entry], changes.TakeDue(evenAfterFailure: true));

        entry.BeginFetch();
        entry.End();
        Assert.Empty(changes.TakeDue(evenAfterFailure: true));
        Assert.Equal((0, null), (changes.Count, changes.WakeAt));
    }

    [Fact]
    public void Of_changes_whose_fetches_failed_the_one_that_may_be_tried_soonest_says_when()
    {
        var changes = new PendingChanges(Calls.Gate, _clock);
        foreach (var failures in new[] { 2, 1, 3 })
        {
            var entry = Entry($"{failures}");
            for (var i = 0; i < failures; i++)
                entry.Remember(new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, "No."), _options.FailureTimeToLive);
            changes.Add(entry);
        }

        Assert.Empty(changes.TakeDue(evenAfterFailure: false));
        Assert.Equal(_clock.Now + _options.FailureTimeToLive, changes.WakeAt);
    }

    private static SecretResult Found => new SecretResult.Found("{}", "v1");

    private static SecretResult.Failed Failed(HyperConnErrorCode code) => new(code, "No.");

    private SecretEntry Entry(string org) =>
        new(org, "martech-" + org, _clock, new Backoff(_jitter, _options.FailureTimeToLive, StoreGate.MaxPause));

    private SecretEntry Add(string org, bool urgent = true)
    {
        var entry = Entry(org);
        Calls.Add(entry, urgent);
        return entry;
    }

    private string Begin() => string.Join(' ', Calls.Begin()!.Entries.Select(entry => entry.Org));

    private void ShutGate()
    {
        Add("x");
        Add("y");
        _time.Advance(_options.BatchWindow);
        Calls.End(Calls.Begin()!, [Failed(HyperConnErrorCode.StoreUnavailable), Failed(HyperConnErrorCode.StoreUnavailable)]);
    }
}
