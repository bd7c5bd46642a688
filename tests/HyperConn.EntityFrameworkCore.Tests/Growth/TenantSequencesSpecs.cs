using System.Globalization;
using HyperConn.EntityFrameworkCore.Provider;
using HyperConn.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql.EntityFrameworkCore.PostgreSQL.ValueGeneration.Internal;

namespace HyperConn.Tests.Growth;

/// <summary>What is left of tenants' blocks of numbers is kept for the latest of them.</summary>
public class TenantSequencesSpecs
{
    private readonly TenantSequences _sequences = new();
    private readonly ISequence _orders = SequenceOf("order_ids");

    [Fact]
    public void A_hundred_thousand_tenants_that_come_once_leave_the_latest()
    {
        var last = Enumerable.Range(0, 100_000).Select(i =>
        {
            var state = _sequences.Of(Tenant(i), _orders);
            Assert.InRange(_sequences.Count, 1, TenantSequences.Most);
            return state;
        }).Skip(100_000 - (TenantSequences.Most / 2)).ToList();

        var first = 100_000 - last.Count;
        Assert.All(Enumerable.Range(0, last.Count), i => Assert.Same(last[i], _sequences.Of(Tenant(first + i), _orders)));
    }

    [Fact]
    public void One_that_is_used_now_and_then_keeps_its_block()
    {
        var block = _sequences.Of(Tenant(-1), _orders);
        for (var i = 0; i < 100_000; i++)
        {
            _sequences.Of(Tenant(i), _orders);
            if (i % (TenantSequences.Most / 2) == 0)
                Assert.Same(block, _sequences.Of(Tenant(-1), _orders));
        }
    }

    [Fact]
    public void One_that_went_begins_a_new_block_and_whoever_has_the_old_one_goes_on_with_it()
    {
        var old = _sequences.Of(Tenant(-1), _orders);
        var numbers = new Queue<long>([1, 11, 21]);
        Assert.Equal(1, Next(old));
        for (var i = 0; i < 100_000; i++)
            _sequences.Of(Tenant(i), _orders);

        // The sequence has gone on, so no number comes twice.
        var fresh = _sequences.Of(Tenant(-1), _orders);
        Assert.NotSame(old, fresh);
        Assert.Equal(11, Next(fresh));
        Assert.Equal(Enumerable.Range(2, 9), Enumerable.Range(0, 9).Select(_ => Next(old)));
        Assert.Equal(21, Next(old));
        Assert.Equal(12, Next(fresh));

        int Next(NpgsqlSequenceValueGeneratorState state) => state.Next<int>(numbers.Dequeue);
    }

    [Fact]
    public void Threads_that_ask_at_once_have_one_block_of_a_tenant()
    {
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < TenantSequences.Most / 4; i++)
                _sequences.Of(Tenant(i), _orders);
        });
        Assert.Equal(TenantSequences.Most / 4, _sequences.Count);
    }

    private static TenantKey Tenant(int number) => TenantKey.Create("core", "org" + number.ToString(CultureInfo.InvariantCulture));

    private static ISequence SequenceOf(string name)
    {
        using var shop = new ShopContext(new DbContextOptionsBuilder<ShopContext>().UseNpgsql().Options);
        return shop.GetService<IDesignTimeModel>().Model.FindSequence(name)!;
    }
}
