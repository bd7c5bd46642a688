using HyperConn.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Diagnostics;

/// <summary>Snapshots are taken for readers only.</summary>
public sealed class StatisticsCacheSpecs
{
    [Fact]
    public async Task The_snapshot_is_taken_once_a_second_while_somebody_reads_and_not_at_all_otherwise()
    {
        var clock = new FakeTimeProvider(Samples.Now);
        var taken = 0;
        using var cache = new StatisticsCache(_ => Task.FromResult(Samples.Statistics() with { Pools = Interlocked.Increment(ref taken) }), clock);
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(0, Volatile.Read(ref taken));

        // Reading what there is starts the clock, too; whether the first is there by then is up to another thread.
        _ = cache.Latest;
        await cache.GetAsync();
        var before = Volatile.Read(ref taken);
        for (var i = 0; i < 60; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            await cache.GetAsync();
        }

        Assert.InRange(Volatile.Read(ref taken) - before, 55, 125);
        clock.Advance(TimeSpan.FromMinutes(3));
        var idle = Volatile.Read(ref taken);
        for (var i = 0; i < 60; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            await Task.Delay(5);
        }

        // The last one that was asked for may be taken late, on another thread. Sixty would be taken if somebody still read.
        Assert.InRange(Volatile.Read(ref taken) - idle, 0, 1);
    }

    [Fact]
    public async Task A_snapshot_that_fails_is_an_error_for_who_waits_and_the_next_is_tried_again()
    {
        var clock = new FakeTimeProvider(Samples.Now);
        var broken = true;
        using var cache = new StatisticsCache(
            _ => Volatile.Read(ref broken) ? Task.FromException<HyperConnStatistics>(new TimeoutException()) : Task.FromResult(Samples.Statistics()), clock);

        await Assert.ThrowsAsync<TimeoutException>(async () => await cache.GetAsync());
        Volatile.Write(ref broken, false);
        Assert.Equal(2, (await cache.GetAsync()).Pools);
    }
}
