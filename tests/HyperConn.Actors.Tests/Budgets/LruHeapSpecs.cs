using FsCheck;
using FsCheck.Fluent;
using HyperConn.Primitives;

namespace HyperConn.Tests.Budgets;

public class LruHeapSpecs
{
    [Fact]
    public void The_oldest_comes_out_first_though_uses_were_never_reported()
    {
        var items = Arb.Array(Arb.From(Gen.Choose(0, 50)));
        var uses = Arb.Array(Arb.From(Gen.Choose(0, 1_000)));
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(items, uses, (added, used) =>
        {
            var heap = new LruHeap<Item>();
            var live = added.Select(at => new Item { Used = at }).ToList();
            foreach (var item in live)
                heap.Set(item, item.Used);
            // Uses move forward only, unseen by the heap; now and then an item goes.
            var now = 51;
            foreach (var use in used.Where(_ => live.Count > 0))
            {
                var item = live[use % live.Count];
                item.Used = now++;
                if (use % 5 != 0)
                    continue;
                Assert.True(heap.Remove(item));
                Assert.False(heap.Contains(item));
                live.Remove(item);
            }

            var taken = new List<long>();
            while (heap.TryTakeOldest(item => item.Used, out var oldest))
                taken.Add(oldest.Used);

            Assert.Equal(live.Select(item => item.Used).Order(), taken);
            Assert.Equal(0, heap.Count);
        }));
    }

    [Fact]
    public void An_item_that_never_rests_does_not_hold_up_the_taker()
    {
        var heap = new LruHeap<Item>();
        heap.Set(new Item(), 0);
        var now = 0L;

        Assert.True(heap.TryTakeOldest(_ => ++now, out _));
    }

    [Fact]
    public void An_item_filed_again_under_an_earlier_use_comes_out_earlier()
    {
        var heap = new LruHeap<Item>();
        var (first, second) = (new Item { Used = 1 }, new Item { Used = 2 });
        heap.Set(first, 1);
        heap.Set(second, 2);
        second.Used = 0;
        heap.Set(second, 0);

        Assert.True(heap.TryPeek(out var oldest, out var seen));
        Assert.Equal((second, 0L), (oldest, seen));
    }

    private sealed class Item
    {
        public long Used { get; set; }
    }
}
