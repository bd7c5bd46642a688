using FsCheck;
using FsCheck.Fluent;
using HyperConn.Leases;

namespace HyperConn.Tests.Pools;

public class LeaseWordSpecs
{
    private static Gen<int> Count => Gen.Choose(0, LeaseWord.Most / 2);

    [Fact]
    public void What_is_put_in_comes_out() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(
            Arb.From(Gen.Zip(Gen.Zip(Count, Count), Gen.Zip(Gen.Choose(0, LeaseWord.Most), Gen.Choose(0, (int)(LeaseWord.AccessModulus - 1))))),
            Arb.From(Gen.SubListOf(LeaseWord.Draining, LeaseWord.Slow, LeaseWord.NotifyIdle, LeaseWord.SecondHalf)),
            (counts, flags) =>
            {
                var ((first, second), (permits, accesses)) = counts;
                var word = new LeaseWord(
                    (first * LeaseWord.OneLease(0)) + (second * LeaseWord.OneLease(1)) + (permits * LeaseWord.OnePermit)
                    + (accesses * LeaseWord.OneAccess) + flags.Sum());

                Assert.Equal((first, second, first + second), (word.LeasesOf(0), word.LeasesOf(1), word.Leases));
                Assert.Equal((permits, (long)accesses), (word.Permits, word.Accesses));
                Assert.Equal(flags.Contains(LeaseWord.SecondHalf) ? 1 : 0, word.Half);
                Assert.Equal(flags.Contains(LeaseWord.Draining), word.IsDraining);
                foreach (var flag in new[] { LeaseWord.Draining, LeaseWord.Slow, LeaseWord.NotifyIdle, LeaseWord.SecondHalf })
                    Assert.Equal(flags.Contains(flag), word.Has(flag));
            }));

    [Fact]
    public void Leases_begun_wrap_and_disturb_nothing()
    {
        var word = new LeaseWord(unchecked((LeaseWord.AccessModulus - 1) * LeaseWord.OneAccess));
        Assert.Equal(LeaseWord.AccessModulus - 1, word.Accesses);
        var next = new LeaseWord(unchecked(word.Bits + LeaseWord.OneAccess + LeaseWord.OneLease(1) + LeaseWord.OnePermit));
        Assert.Equal((0L, 1, 1), (next.Accesses, next.Leases, next.Permits));
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(LeaseWord.AccessModulus - 700)]
    public void Of_leases_in_a_row_one_in_the_stride_is_a_sample_whatever_else_the_word_says(long begun)
    {
        var word = new LeaseWord(unchecked(begun * LeaseWord.OneAccess) + (7 * LeaseWord.OnePermit) + LeaseWord.SecondHalf);
        var samples = 0;
        for (var i = 0; i < 3 * LeaseWord.SampleEvery; i++)
        {
            samples += word.IsSample ? 1 : 0;
            var next = word.WithLease();
            Assert.Equal((word.LeasesOf(1) + 1, word.Permits), (next.LeasesOf(1), next.Permits));
            word = new LeaseWord(next.Bits - LeaseWord.OneLease(1));
        }

        Assert.Equal(3, samples);
    }
}
