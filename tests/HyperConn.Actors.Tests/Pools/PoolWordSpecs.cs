using FsCheck;
using FsCheck.Fluent;
using HyperConn.Diagnostics;
using HyperConn.Leases;

namespace HyperConn.Tests.Pools;

public class PoolWordSpecs
{
    private static Gen<int> Count => Gen.Choose(0, PoolWord.Most / 2);

    [Fact]
    public void What_is_put_in_comes_out() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(
            Arb.From(Gen.Zip(Gen.Zip(Count, Count), Gen.Zip(Gen.Choose(0, PoolWord.Most), Gen.Choose(0, (int)(PoolWord.AccessModulus - 1))))),
            Arb.From(Gen.SubListOf(PoolWord.Draining, PoolWord.Slow, PoolWord.NotifyIdle, PoolWord.SecondHalf)),
            (counts, flags) =>
            {
                var ((first, second), (permits, accesses)) = counts;
                var word = new PoolWord(
                    (first * PoolWord.OneLease(0)) + (second * PoolWord.OneLease(1)) + (permits * PoolWord.OnePermit)
                    + (accesses * PoolWord.OneAccess) + flags.Sum());

                Assert.Equal((first, second, first + second), (word.LeasesOf(0), word.LeasesOf(1), word.Leases));
                Assert.Equal((permits, (long)accesses), (word.Permits, word.Accesses));
                Assert.Equal(flags.Contains(PoolWord.SecondHalf) ? 1 : 0, word.Half);
                Assert.Equal(flags.Contains(PoolWord.Draining), word.IsDraining);
                foreach (var flag in new[] { PoolWord.Draining, PoolWord.Slow, PoolWord.NotifyIdle, PoolWord.SecondHalf })
                    Assert.Equal(flags.Contains(flag), word.Has(flag));
            }));

    [Fact]
    public void Leases_begun_wrap_and_disturb_nothing()
    {
        var word = new PoolWord(unchecked((PoolWord.AccessModulus - 1) * PoolWord.OneAccess));
        Assert.Equal(PoolWord.AccessModulus - 1, word.Accesses);
        var next = new PoolWord(unchecked(word.Bits + PoolWord.OneAccess + PoolWord.OneLease(1) + PoolWord.OnePermit));
        Assert.Equal((0L, 1, 1), (next.Accesses, next.Leases, next.Permits));
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(PoolWord.AccessModulus - 700)]
    public void Of_leases_in_a_row_one_in_the_stride_is_a_sample_whatever_else_the_word_says(long begun)
    {
        var word = new PoolWord(unchecked(begun * PoolWord.OneAccess) + (7 * PoolWord.OnePermit) + PoolWord.SecondHalf);
        var samples = 0;
        for (var i = 0; i < 3 * HyperConnMeter.HotSampleEvery; i++)
        {
            samples += word.IsSample ? 1 : 0;
            var next = word.WithLease();
            Assert.Equal((word.LeasesOf(1) + 1, word.Permits), (next.LeasesOf(1), next.Permits));
            word = new PoolWord(next.Bits - PoolWord.OneLease(1));
        }

        Assert.Equal(3, samples);
    }
}
