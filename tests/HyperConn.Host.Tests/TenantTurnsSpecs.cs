using HyperConn.Host.Workers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests;

/// <summary>No tenant takes all workers, least of all one that can't be reached.</summary>
public sealed class TenantTurnsSpecs : IDisposable
{
    private static readonly TenantKey Dead = TenantKey.Create("core", "dead");
    private static readonly TenantKey Well = TenantKey.Create("core", "well");
    private static readonly EventOutcome Away = new(EventResult.Failed, nameof(HyperConnErrorCode.ServerUnreachable));

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-turns-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void One_tenant_gets_at_most_half_of_the_workers()
    {
        var turns = new TenantTurns(16);
        Add(turns, Dead, 32);
        Assert.Equal(8, Take(turns).Count);
        Assert.True(turns.WantsMore);

        Add(turns, Well, 3);
        Assert.Equal(["well:0", "well:1", "well:2"], Take(turns));
    }

    [Fact]
    public void Tenants_that_could_not_be_reached_get_a_quarter_together_until_one_is()
    {
        var turns = new TenantTurns(16);
        var keys = new[] { "a", "b", "c", "d", "e", "f" }.Select(org => TenantKey.Create("core", org)).ToList();
        foreach (var key in keys)
        {
            Add(turns, key, 1);
            Take(turns);
            turns.End(key, Away);
        }

        foreach (var key in keys)
            Add(turns, key, 5);
        Assert.Equal(["a:0", "b:0", "c:0", "d:0"], Take(turns));
        Add(turns, Well, 1);
        Assert.Equal(["well:0"], Take(turns));

        // It is one of the well again, and leaves its place among the others.
        turns.End(keys[0], EventOutcome.Done);
        var then = Take(turns);
        Assert.Equal(4, then.Count(place => place[0] == 'a'));
        Assert.Equal(["e:0"], then.Where(place => place[0] != 'a'));
    }

    [Fact]
    public void A_failure_of_the_statement_is_nothing_against_the_tenant()
    {
        var turns = new TenantTurns(16);
        Add(turns, Well, 1);
        Take(turns);
        turns.End(Well, new EventOutcome(EventResult.Failed, "23505"));
        Add(turns, Well, 32);
        Assert.Equal(8, Take(turns).Count);
    }

    [Fact]
    public void Events_of_one_tenant_keep_their_order_and_tenants_take_turns()
    {
        var turns = new TenantTurns(1);
        Add(turns, Dead, 2);
        Add(turns, Well, 2);
        var order = new List<string>();
        while (turns.TryTake(out var delivery))
        {
            order.Add(delivery.Place);
            turns.End(delivery.Event!.Tenant, EventOutcome.Done);
        }

        Assert.Equal(["dead:0", "well:0", "dead:1", "well:1"], order);
        Assert.True(turns.IsIdle);
    }

    [Fact]
    public void What_waits_is_bounded_and_can_be_let_go()
    {
        var turns = new TenantTurns(2);
        Add(turns, Dead, TenantTurns.MostWaiting + 1);
        Assert.Single(Take(turns));
        Assert.False(turns.WantsMore);

        Assert.Equal(TenantTurns.MostWaiting, turns.TakeWaiting().Count);
        Assert.False(turns.IsIdle);
        turns.End(Dead, EventOutcome.Done);
        Assert.True(turns.IsIdle);
    }

    [Fact]
    public void A_tenant_that_fails_all_the_time_gets_three_lines_a_minute_for_each_cause()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var log = new FailureLog(clock);
        int Lines(string tenant, string cause) => Enumerable.Range(0, 50).Count(_ => log.MayWrite(tenant, cause));

        Assert.Equal((3, 3, 3, 0), (Lines("a", "x"), Lines("a", "y"), Lines("b", "x"), Lines("a", "x")));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(3, Lines("a", "x"));
    }

    [Fact]
    public async Task The_lines_of_a_spooled_file_that_failed_are_kept_beside_it()
    {
        await File.WriteAllLinesAsync(Path.Combine(_folder, "a.jsonl"), ["""{"service": "core", "org": "good"}""", "bad"]);
        await File.WriteAllTextAsync(Path.Combine(_folder, "a.jsonl.rejected"), "of an earlier run that did not finish");
        using var rejects = new Rejects(null);
        await FeedAsync(new SpoolEventSource(_folder, TimeSpan.FromMilliseconds(10), rejects), d => d.Event is null ? Away : EventOutcome.Done);

        Assert.Equal("bad\n", await File.ReadAllTextAsync(Path.Combine(_folder, "a.jsonl.rejected")));
        Assert.True(File.Exists(Path.Combine(_folder, "a.jsonl.done")));
    }

    [Fact]
    public async Task The_lines_that_failed_of_an_earlier_file_of_the_same_name_are_not_lost()
    {
        using var rejects = new Rejects(null);
        foreach (var line in new[] { "bad", "worse" })
        {
            await File.WriteAllLinesAsync(Path.Combine(_folder, "a.jsonl"), [line]);
            await FeedAsync(new SpoolEventSource(_folder, TimeSpan.FromMilliseconds(10), rejects), d => Away);
        }

        Assert.Equal("bad\nworse\n", await File.ReadAllTextAsync(Path.Combine(_folder, "a.jsonl.rejected")));
    }

    [Fact]
    public async Task A_spooled_file_of_which_events_were_not_begun_stays_for_the_next_run()
    {
        await File.WriteAllLinesAsync(Path.Combine(_folder, "a.jsonl"), ["x", "y"]);
        using var rejects = new Rejects(null);
        await FeedAsync(new SpoolEventSource(_folder, TimeSpan.FromMilliseconds(10), rejects), d => d.Raw == "y" ? EventOutcome.Stopped : EventOutcome.Done);

        Assert.Equal(["a.jsonl", "b.jsonl"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Rejects_that_can_t_be_kept_are_known_at_the_start()
    {
        Assert.ThrowsAny<IOException>(() => new Rejects(Path.Combine(_folder, "nowhere", "rejects.jsonl")));
        new Rejects(Path.Combine(_folder, "rejects.jsonl")).Dispose();
        Assert.Empty(Directory.EnumerateFiles(_folder));
    }

    /// <summary>Feeds all files up to the first line of b.jsonl, by when the end of a.jsonl has been read.</summary>
    private async Task FeedAsync(SpoolEventSource source, Func<Delivery, EventOutcome> outcome)
    {
        await File.WriteAllLinesAsync(Path.Combine(_folder, "b.jsonl"), ["end"]);
        using var stop = new CancellationTokenSource();
        await foreach (var delivery in source.ReadAsync(stop.Token))
        {
            if (delivery.Raw == "end")
                await stop.CancelAsync();
            else
                await source.CompleteAsync(delivery, outcome(delivery));
        }
    }

    private static void Add(TenantTurns turns, TenantKey key, int count)
    {
        for (var i = 0; i < count; i++)
            turns.Add(key, new Delivery($"{key.Org}:{i}", "", new TenantEvent(key, "default", null, "null")));
    }

    private static List<string> Take(TenantTurns turns)
    {
        var taken = new List<string>();
        while (turns.TryTake(out var delivery))
            taken.Add(delivery.Place);
        return taken;
    }
}
