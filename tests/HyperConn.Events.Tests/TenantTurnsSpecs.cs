using HyperConn.Events;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests;

/// <summary>No tenant takes all workers, least of all one that can't be reached; what failed is tried again in its turn.</summary>
public class TenantTurnsSpecs
{
    private static readonly TenantKey Dead = TenantKey.Create("core", "dead");
    private static readonly TenantKey Well = TenantKey.Create("core", "well");
    private static readonly EventFault Away = new(nameof(HyperConnErrorCode.ServerUnreachable), "away", IsTransient: true, IsAway: true);
    private static readonly EventFault Busy = new("40001", "busy", IsTransient: true);
    private static readonly EventFault Wrong = new("23505", "wrong", IsTransient: false);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void One_tenant_gets_at_most_half_of_the_workers()
    {
        var turns = Unordered(16);
        Add(turns, Dead, 32);
        Assert.Equal(8, Take(turns).Count);

        Add(turns, Well, 3);
        Assert.Equal(["well:0", "well:1", "well:2"], Places(Take(turns)));
    }

    [Fact]
    public void Where_order_is_kept_a_tenant_s_events_run_one_after_the_other()
    {
        var turns = Ordered(16);
        Add(turns, Dead, 3);
        var first = Assert.Single(Take(turns));
        Assert.Equal("dead:0", first.Delivery.Place);

        turns.End(first, null);
        Assert.Equal(["dead:1"], Places(Take(turns)));
    }

    [Fact]
    public void Tenants_that_could_not_be_reached_get_a_quarter_together_until_one_is()
    {
        var turns = Unordered(16);
        var keys = new[] { "a", "b", "c", "d", "e", "f" }.Select(org => TenantKey.Create("core", org)).ToList();
        foreach (var key in keys)
            Add(turns, key, 5);
        foreach (var work in Take(turns))
            turns.End(work, Away);

        var taken = Take(turns);
        Assert.Equal(4, taken.Count);
        Add(turns, Well, 1);
        Assert.Equal(["well:0"], Places(Take(turns)));

        // It is one of the well again, and leaves its place among the others.
        turns.End(taken[0], null);
        Assert.NotEmpty(Take(turns));
    }

    [Fact]
    public void Tenants_take_turns()
    {
        var turns = Ordered(1);
        Add(turns, Dead, 2);
        Add(turns, Well, 2);
        var order = new List<string>();
        while (turns.TryTake(out var work))
        {
            order.Add(work.Delivery.Place);
            turns.End(work, null);
        }

        Assert.Equal(["dead:0", "well:0", "dead:1", "well:1"], order);
        Assert.True(turns.IsIdle);
    }

    [Fact]
    public void What_waits_is_bounded_in_number_and_can_be_let_go()
    {
        var turns = Ordered(2, o => o.MaxWaiting = 10);
        Add(turns, Dead, 11);
        var first = Assert.Single(Take(turns));
        Assert.False(turns.WantsMore);

        Assert.Equal(Enumerable.Range(1, 10).Select(i => $"dead:{i}"), Places(turns.TakeWaiting()));
        Assert.False(turns.IsIdle);
        turns.End(first, null);
        Assert.True(turns.IsIdle);
        Assert.True(turns.WantsMore);
    }

    [Fact]
    public void A_source_is_read_a_few_events_ahead_and_further_only_while_nothing_that_waits_may_begin()
    {
        var turns = Unordered(4);
        Add(turns, Dead, 8);
        Assert.False(turns.WantsMore);

        // Half of the workers are idle, and only events of a tenant that has its share wait.
        Assert.Equal(2, Take(turns).Count);
        Add(turns, Dead, 100);
        Assert.True(turns.WantsMore);
        Add(turns, Well, 1);
        Assert.False(turns.WantsMore);
        Assert.Equal(["well:0"], Places(Take(turns)));
        Assert.True(turns.WantsMore);
    }

    [Fact]
    public void What_is_held_is_bounded_in_bytes_what_is_under_way_included()
    {
        var turns = Ordered(2, o => o.MaxWaitingBytes = 100_000);
        turns.Add(Work(Dead, 0, bytes: 90_000));
        Assert.True(turns.WantsMore);
        turns.Add(Work(Well, 0, bytes: 90_000));
        Assert.False(turns.WantsMore);

        var under = Take(turns);
        Assert.Equal(2, under.Count);
        Assert.False(turns.WantsMore);
        under.ForEach(work => turns.End(work, null));
        Assert.True(turns.WantsMore);
    }

    [Fact]
    public void A_retried_event_stays_ahead_of_its_tenant_s_later_ones_while_other_tenants_go_on()
    {
        var turns = Ordered(4);
        Add(turns, Dead, 2);
        Add(turns, Well, 2);
        var taken = Take(turns);
        Assert.True(turns.TryRetry(taken.Single(w => w.Event.Tenant == Dead), Busy));
        turns.End(taken.Single(w => w.Event.Tenant == Well), null);
        Assert.Equal(["well:1"], Places(Take(turns)));

        Assert.InRange(turns.NextDue!.Value, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromMilliseconds(101));
        var again = Assert.Single(Take(turns));
        Assert.Equal("dead:0", again.Delivery.Place);
        turns.End(again, null);
        Assert.Equal(["dead:1"], Places(Take(turns)));
    }

    [Fact]
    public void Without_order_the_tenant_s_others_go_on_beside_an_event_that_is_retried()
    {
        var turns = Unordered(4);
        Add(turns, Dead, 3);
        var taken = Take(turns);
        Assert.Equal(2, taken.Count);
        Assert.True(turns.TryRetry(taken[0], Busy));
        Assert.Equal(["dead:2"], Places(Take(turns)));
        turns.End(taken[1], null);
        _time.Advance(TimeSpan.FromMilliseconds(101));
        Assert.Equal(["dead:0"], Places(Take(turns)));
    }

    [Fact]
    public void Pauses_grow_and_stay_below_fifteen_seconds()
    {
        var turns = Ordered(1);
        Add(turns, Dead, 1);
        var last = TimeSpan.Zero;
        for (var i = 0; i < 12; i++)
        {
            var work = Assert.Single(Take(turns));
            Assert.True(turns.TryRetry(work, Away));
            last = turns.NextDue!.Value;
            _time.Advance(last + TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(last, TimeSpan.FromSeconds(7.5), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public void Retries_end_when_the_time_for_them_is_over()
    {
        var turns = Ordered(1, o => o.RetryFor = TimeSpan.FromMinutes(5));
        Add(turns, Dead, 1);
        var started = _time.GetUtcNow();
        var tries = 0;
        while (Take(turns) is [var work])
        {
            tries++;
            if (!turns.TryRetry(work, Busy))
            {
                turns.End(work, Busy);
                break;
            }

            _time.Advance(turns.NextDue!.Value + TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(_time.GetUtcNow() - started, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5.5));
        Assert.InRange(tries, 20, 100);
        Assert.True(turns.IsIdle);
    }

    [Fact]
    public void The_next_event_of_a_tenant_that_was_away_for_that_long_does_not_wait_as_long_again()
    {
        var turns = Ordered(1, o => o.RetryFor = TimeSpan.FromMinutes(5));
        Add(turns, Dead, 2);
        var first = Assert.Single(Take(turns));
        Assert.True(turns.TryRetry(first, Away));
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Same(first, Assert.Single(Take(turns)));
        Assert.False(turns.TryRetry(first, Away));
        turns.End(first, Away);

        var second = Assert.Single(Take(turns));
        Assert.False(turns.TryRetry(second, Away));
        turns.End(second, null);

        // It was reached: patience begins anew.
        Add(turns, Dead, 1);
        Assert.True(turns.TryRetry(Assert.Single(Take(turns)), Away));
    }

    [Fact]
    public void A_failure_that_lasts_is_nothing_against_the_tenant()
    {
        var turns = Unordered(16);
        Add(turns, Well, 1);
        turns.End(Assert.Single(Take(turns)), Wrong);
        Add(turns, Well, 32);
        Assert.Equal(8, Take(turns).Count);
    }

    [Theory]
    [InlineData(false, 11)]
    [InlineData(true, 12)]
    [InlineData(true, 13)]
    public void Whatever_happens_none_is_lost_none_doubled_and_order_is_kept_where_it_is_to_be(bool isOrdered, int seed)
    {
        var random = new Random(seed);
        var turns = isOrdered ? Ordered(8, random: new Random(seed)) : Unordered(8, random: new Random(seed));
        var keys = Enumerable.Range(0, 12).Select(i => TenantKey.Create("core", $"t{i}")).ToList();
        var added = keys.ToDictionary(key => key, _ => 0);
        var ended = keys.ToDictionary(key => key, _ => new List<int>());
        var under = new List<EventWork>();
        for (var step = 0; step < 20_000 || !turns.IsIdle; step++)
        {
            Assert.True(step < 1_000_000, "It does not come to an end.");
            var what = random.Next(4);
            if (what == 0 && step < 20_000)
            {
                var key = keys[random.Next(keys.Count)];
                turns.Add(Work(key, added[key]++));
            }
            else if (what == 1 && under.Count > 0)
            {
                var work = under[random.Next(under.Count)];
                under.Remove(work);
                if (random.Next(3) > 0 || !turns.TryRetry(work, random.Next(2) == 0 ? Away : Busy))
                {
                    ended[work.Event.Tenant].Add(int.Parse(work.Event.Id, System.Globalization.CultureInfo.InvariantCulture));
                    turns.End(work, random.Next(2) == 0 ? null : Wrong);
                }
            }
            else if (what == 2)
            {
                _time.Advance(TimeSpan.FromMilliseconds(random.Next(1_000)));
            }
            else if (turns.TryTake(out var taken))
            {
                under.Add(taken);
                Assert.True(under.Count <= 8);
                Assert.True(under.Count(w => w.Event.Tenant == taken.Event.Tenant) <= turns.MostOfOne);
            }
        }

        foreach (var key in keys)
        {
            Assert.Equal(Enumerable.Range(0, added[key]), isOrdered ? ended[key] : ended[key].Order());
        }
    }

    [Fact]
    public void A_tenant_that_fails_all_the_time_gets_three_lines_a_minute_for_each_cause()
    {
        var log = new FailureLog(_time);
        int Lines(string tenant, string cause) => Enumerable.Range(0, 50).Count(_ => log.MayWrite(tenant, cause));

        Assert.Equal((3, 3, 3, 0), (Lines("a", "x"), Lines("a", "y"), Lines("b", "x"), Lines("a", "x")));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(3, Lines("a", "x"));
    }

    private TenantTurns Ordered(int workers, Action<TenantEventOptions>? configure = null, Random? random = null) => Turns(workers, true, configure, random);

    private TenantTurns Unordered(int workers, Random? random = null) => Turns(workers, false, null, random);

    private TenantTurns Turns(int workers, bool isOrdered, Action<TenantEventOptions>? configure, Random? random)
    {
        var options = new TenantEventOptions { Workers = workers };
        configure?.Invoke(options);
        return new TenantTurns(options, isOrdered, _time, random ?? new Random(7));
    }

    private static EventWork Work(TenantKey key, int number, int bytes = 0)
    {
        var work = new TenantEvent(key, "default", number.ToString(System.Globalization.CultureInfo.InvariantCulture), "null");
        return new EventWork(new TenantDelivery { Place = $"{key.Org}:{number}", Event = work, Bytes = bytes }, work);
    }

    private static void Add(TenantTurns turns, TenantKey key, int count)
    {
        for (var i = 0; i < count; i++)
            turns.Add(Work(key, i));
    }

    private static List<EventWork> Take(TenantTurns turns)
    {
        var taken = new List<EventWork>();
        while (turns.TryTake(out var work))
            taken.Add(work);
        return taken;
    }

    private static IEnumerable<string> Places(IEnumerable<EventWork> works) => works.Select(work => work.Delivery.Place);
}
