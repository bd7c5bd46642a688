using HyperConn.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

public class CoarseClockSpecs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_busy_clock_is_read_by_a_timer_and_an_idle_one_by_whoever_asks()
    {
        var clock = new CoarseClock(TimeProvider.System);
        Assert.False(clock.Ticks);
        clock.Adapt(CoarseClock.Busy);
        Assert.True(clock.Ticks);

        // It goes on, however long the machine takes.
        var first = clock.Recent;
        Assert.True(SpinWait.SpinUntil(() => clock.Recent > first, Patience));
        Assert.InRange(clock.Recent, first, clock.Milliseconds);

        clock.Adapt(CoarseClock.Busy + 1);
        Assert.False(clock.Ticks);
        var before = Environment.TickCount64;
        Assert.InRange(clock.Recent, before, Environment.TickCount64);
    }

    [Fact]
    public void Leases_that_go_with_their_pool_are_no_reason_to_stand_still()
    {
        var clock = new CoarseClock(TimeProvider.System);
        clock.Adapt(10 * CoarseClock.Busy);
        clock.Adapt(0);
        Assert.True(clock.Ticks);
        clock.Stop();
    }

    [Fact]
    public void A_tick_that_comes_late_does_not_stop_the_clock_for_ever()
    {
        var clock = new CoarseClock(TimeProvider.System);
        for (var i = 1; i <= 2_000; i++)
        {
            clock.Adapt(i * CoarseClock.Busy);
            if (i % 50 == 0)
                Thread.Sleep(CoarseClock.Period);
            clock.Stop();
            Assert.False(clock.Ticks);
        }

        Thread.Sleep(3 * CoarseClock.Period);
        Assert.False(clock.Ticks);
    }

    [Fact]
    public void Virtual_time_is_always_read()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(1));
        var clock = new CoarseClock(time);
        clock.Adapt(CoarseClock.Busy);
        Assert.False(clock.Ticks);
        var before = clock.Recent;
        time.Advance(TimeSpan.FromMilliseconds(3));
        Assert.Equal(before + 3, clock.Recent);
    }

    [Fact]
    public void It_goes_on_though_somebody_sets_the_clock_on_the_wall()
    {
        var time = new SetClock();
        var clock = new CoarseClock(time);
        var before = clock.Milliseconds;
        time.Step = TimeSpan.FromHours(-1);
        time.Advance(TimeSpan.FromMilliseconds(3));
        Assert.Equal(before + 3, clock.Milliseconds);
        Assert.Equal(time.GetUtcNow().AddMilliseconds(-3), clock.ToWallClock(before));
    }
}
