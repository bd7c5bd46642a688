using FsCheck;
using FsCheck.Fluent;
using HyperConn.Leases;

namespace HyperConn.Tests.Pools;

public class LeaseCounterSpecs
{
    [Fact]
    public void Whatever_is_done_leases_and_permits_are_what_was_taken_less_what_was_ended() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Arb.From(Gen.ListOf(Gen.Choose(0, 8))), steps =>
        {
            var counter = new LeaseCounter(accesses: 7);
            var (open, permits, begun) = (new Queue<int>(), 0, 7L);
            foreach (var step in steps)
            {
                switch (step)
                {
                    case 0:
                        open.Enqueue(counter.Take(withPermit: true));
                        (permits, begun) = (permits + 1, begun + 1);
                        break;
                    case 1:
                        Assert.Equal(open.Count < permits, counter.TryTake(out var before));
                        if (open.Count < permits)
                            Began(before.AgeBucket);
                        break;
                    case 2:
                        var free = counter.TryTakeFree();
                        Assert.Equal(open.Count < permits, free is not null);
                        if (free is { } bucket)
                            Began(bucket);
                        break;
                    case 3:
                        var isOver = open.Count == permits;
                        Began(counter.TakeAnyway(out var overdrawn));
                        Assert.Equal(isOver, overdrawn);
                        permits += overdrawn ? 1 : 0;
                        break;
                    case 4 when open.TryDequeue(out var ended):
                        Assert.True(counter.TryEnd(ended));
                        break;
                    case 5 when open.TryDequeue(out var gone):
                        counter.End(gone, withPermit: true);
                        permits--;
                        break;
                    case 6:
                        counter.Set(LeaseWord.SecondBucket);
                        break;
                    case 7:
                        counter.Clear(LeaseWord.SecondBucket);
                        break;
                    case 8:
                        var unused = Math.Max(0, permits - Math.Max(open.Count, 1));
                        Assert.Equal(unused, counter.TakeFreePermits(keep: 1));
                        permits -= unused;
                        break;
                }

                Assert.Equal((open.Count, permits, begun), (counter.Word.Leases, counter.Word.Permits, counter.Word.Accesses));
                Assert.Equal(open.Count(bucket => bucket == 1), counter.Word.LeasesOf(1));
            }

            void Began(int bucket)
            {
                open.Enqueue(bucket);
                begun++;
            }
        }));

    [Theory]
    [InlineData(LeaseWord.Draining, false, false, false)]
    [InlineData(LeaseWord.HasWaiters, false, false, true)]
    [InlineData(LeaseWord.NeedsProbe, false, true, true)]
    [InlineData(LeaseWord.NotifyIdle, true, false, true)]
    [InlineData(LeaseWord.SecondBucket, true, true, true)]
    public void Flags_send_to_the_slow_path_who_must_go_there(long flag, bool takes, bool ends, bool takesFree)
    {
        var counter = new LeaseCounter(0);
        var bucket = counter.Take(withPermit: true);
        counter.Take(withPermit: true);
        counter.End(bucket, withPermit: false);
        counter.Set(flag);
        Assert.Equal(ends, counter.TryEnd(bucket));
        Assert.Equal(takesFree, counter.TryTakeFree() is not null);
        counter = Fresh(flag);
        Assert.Equal(takes, counter.TryTake(out _));
    }

    [Fact]
    public void More_than_can_be_counted_is_refused_before_anything_is_lost()
    {
        var counter = new LeaseCounter(0);
        for (var i = 0; i < LeaseWord.Max; i++)
            counter.TakeAnyway(out _);
        Assert.Throws<InvalidOperationException>(() => counter.TakeAnyway(out _));
        Assert.Equal((LeaseWord.Max, LeaseWord.Max), (counter.Word.Leases, counter.Word.Permits));
    }

    [Fact]
    public async Task Beside_each_other_threads_never_take_more_leases_than_there_are_permits()
    {
        const int Permits = 3;
        var counter = new SharedCounter();
        for (var i = 0; i < Permits; i++)
            counter.Leases.End(counter.Leases.Take(withPermit: true), withPermit: false);
        var (open, most, taken) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 50_000; i++)
            {
                if (!counter.Leases.TryTake(out var before))
                    continue;
                var now = Interlocked.Increment(ref open);
                for (var seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
                    Interlocked.CompareExchange(ref most, now, seen);
                Interlocked.Increment(ref taken);
                Interlocked.Decrement(ref open);
                Assert.True(counter.Leases.TryEnd(before.AgeBucket));
            }
        })));
        Assert.InRange(most, 1, Permits);
        Assert.Equal((0, Permits, (long)taken + Permits), (counter.Leases.Word.Leases, counter.Leases.Word.Permits, counter.Leases.Word.Accesses));
    }

    private static LeaseCounter Fresh(long flag)
    {
        var counter = new LeaseCounter(0);
        counter.End(counter.Take(withPermit: true), withPermit: false);
        counter.Set(flag);
        return counter;
    }

    private sealed class SharedCounter
    {
        public LeaseCounter Leases = new(0);
    }
}
