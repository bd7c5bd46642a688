using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests;

public class StorePaceSpecs
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly MonotonicClock _clock;

    public StorePaceSpecs() => _clock = new MonotonicClock(_time);

    [Fact]
    public void Nothing_waits_before_the_store_throttles()
    {
        var pace = new StorePace(_clock);
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal(TimeSpan.Zero, pace.Wait());
            pace.Sent();
        }
    }

    [Fact]
    public void Throttling_halves_what_the_store_got_within_the_last_second()
    {
        var pace = new StorePace(_clock);
        for (var i = 0; i < 40; i++)
            pace.Sent();
        Assert.True(pace.Throttled(_clock.Now));
        Assert.Equal(20, pace.CallsPerSecond);
        Assert.Equal(TimeSpan.FromMilliseconds(50), pace.Wait());
    }

    [Fact]
    public void Calls_sent_before_the_pace_fell_do_not_make_it_fall_again()
    {
        var pace = new StorePace(_clock);
        for (var i = 0; i < 40; i++)
            pace.Sent();
        var sentAt = _clock.Now;
        _time.Advance(TimeSpan.FromMilliseconds(10));
        pace.Throttled(sentAt);
        for (var i = 0; i < 10; i++)
            Assert.False(pace.Throttled(sentAt));
        Assert.Equal(20, pace.CallsPerSecond);
        Assert.True(pace.Throttled(_clock.Now));
        Assert.Equal(10, pace.CallsPerSecond);
    }

    [Fact]
    public void It_never_falls_under_one_call_a_second()
    {
        var pace = new StorePace(_clock);
        for (var i = 0; i < 20; i++)
            pace.Throttled(_clock.Now);
        Assert.Equal(1, pace.CallsPerSecond);
    }

    [Fact]
    public void Success_brings_it_back_by_two_calls_a_second_each_second_until_it_is_no_longer_kept()
    {
        var pace = new StorePace(_clock);
        pace.Throttled(_clock.Now);
        var seconds = 0.0;
        while (!double.IsPositiveInfinity(pace.CallsPerSecond))
        {
            seconds += 1 / pace.CallsPerSecond;
            pace.Succeeded();
            Assert.InRange(seconds, 0, 60);
        }

        Assert.InRange(seconds, 40, 60);
        Assert.Equal(TimeSpan.Zero, pace.Wait());
    }

    [Theory]
    [InlineData(99, 49.5)]
    [InlineData(100, 50)]
    [InlineData(150, 50)]
    public void It_begins_at_half_of_what_the_store_may_be_asked_for_at_most(int calls, double pace)
    {
        var paced = new StorePace(_clock);
        for (var i = 0; i < calls; i++)
            paced.Sent();
        paced.Throttled(_clock.Now);
        Assert.Equal(pace, paced.CallsPerSecond);
    }

    [Fact]
    public void Calls_of_longer_than_a_second_ago_do_not_count()
    {
        var pace = new StorePace(_clock);
        for (var i = 0; i < 40; i++)
            pace.Sent();
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 10; i++)
            pace.Sent();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        pace.Throttled(_clock.Now);
        Assert.Equal(5, pace.CallsPerSecond);
    }

    [Fact]
    public void Who_was_silent_for_long_does_not_wait()
    {
        var pace = new StorePace(_clock);
        pace.Sent();
        pace.Throttled(_clock.Now);
        Assert.Equal(TimeSpan.FromSeconds(1), pace.Wait());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.Zero, pace.Wait());
    }
}
