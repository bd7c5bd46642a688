using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Secrets;

/// <summary>When the store as a whole is taken to be down, and how it is found to be back.</summary>
public class StoreGateSpecs
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly MonotonicClock _clock;
    private readonly StoreGate _gate;

    public StoreGateSpecs()
    {
        _clock = new MonotonicClock(_time);
        _gate = new StoreGate(_clock, new Jitter(new FixedRandom(1)), Pause);
    }

    private DateTimeOffset In(TimeSpan time) => _clock.ToWallClock(_clock.Now + time);

    private void Shut() => Assert.True(_gate.Failed(probe: false, ["a", "b"], "500"));

    [Fact]
    public void Its_circuit_is_open_while_the_store_is_down_and_half_open_while_a_call_tries()
    {
        Assert.Null(_gate.Circuit);
        Shut();
        Assert.Equal((CircuitScope.Store, CircuitState.Open), (_gate.Circuit!.Scope, _gate.Circuit.State));
        Assert.NotNull(_gate.Circuit.Failure.RetryAt);
        Assert.Contains("500", _gate.Circuit.Failure.Message, StringComparison.Ordinal);

        _time.Advance(Pause);
        Assert.True(_gate.MaySend);
        var probe = _gate.Sent();
        Assert.Equal(CircuitState.HalfOpen, _gate.Circuit.State);
        _gate.Answered(probe);
        Assert.Null(_gate.Circuit);
    }

    [Fact]
    public void Callers_are_told_to_come_back_when_it_tries_and_while_it_does_a_second_from_now()
    {
        Shut();
        Assert.Equal(In(Pause), _gate.Refusal.RetryAt);
        Assert.Equal(Pause, _gate.Wait);

        _time.Advance(Pause);
        Assert.Equal(TimeSpan.Zero, _gate.Wait);
        Assert.True(_gate.Sent());
        Assert.False(_gate.MaySend);
        Assert.Equal(In(TimeSpan.FromSeconds(1)), _gate.Refusal.RetryAt);
    }

    [Fact]
    public void An_outage_after_another_begins_as_the_first_did()
    {
        for (var outage = 0; outage < 2; outage++)
        {
            Shut();
            _time.Advance(Pause - TimeSpan.FromTicks(1));
            Assert.False(_gate.MaySend);
            _time.Advance(TimeSpan.FromTicks(1));
            Assert.True(_gate.MaySend);
            Assert.True(_gate.Answered(_gate.Sent()));
        }
    }

    [Fact]
    public void A_probe_that_fails_makes_the_next_pause_longer()
    {
        Shut();
        _time.Advance(Pause);
        Assert.True(_gate.Failed(_gate.Sent(), ["a"], "500"));
        Assert.Equal(2 * Pause, _gate.Wait);
        Assert.Equal(2, _gate.Circuit!.Failures);
    }

    [Fact]
    public void A_late_failure_of_a_call_sent_before_puts_nothing_off()
    {
        Shut();
        _time.Advance(Pause / 2);
        Assert.False(_gate.Failed(probe: false, ["c", "d"], "500"));
        Assert.Equal(Pause / 2, _gate.Wait);
    }

    [Fact]
    public void A_late_answer_of_a_call_sent_before_opens_it_at_once()
    {
        Shut();
        Assert.True(_gate.Answered(probe: false));
        Assert.True(_gate is { IsOpen: true, MaySend: true });
        Assert.Equal(TimeSpan.Zero, _gate.Wait);
        Assert.False(_gate.Answered(probe: false));
    }
}
