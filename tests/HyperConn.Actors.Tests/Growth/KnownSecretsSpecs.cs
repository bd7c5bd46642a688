using System.Globalization;
using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Growth;

/// <summary>However many organisations are asked for, the latest are known, and those that somebody needs.</summary>
public class KnownSecretsSpecs
{
    private readonly HashSet<string> _withPool = [];
    private readonly SecretCache _cache;
    private int _asked;

    public KnownSecretsSpecs() => _cache = new SecretCache(
        new SecretOptions(), "martech", new MonotonicClock(new FakeTimeProvider()), new Jitter(new FixedRandom(1)), NullLogger.Instance, MayGo);

    /// <summary>What the supervisor answers; in its own time.</summary>
    private IReadOnlyList<string>? Answer { get; set; }

    [Fact]
    public void Two_hundred_thousand_organisations_that_come_once_leave_the_latest()
    {
        var most = 0;
        for (var i = 0; i < 200_000; i++)
        {
            Learn(Org(i));
            most = Math.Max(most, _cache.Entries.Count);
        }

        Assert.InRange(most, SecretCache.Most, SecretCache.Most + 1);
        var known = _cache.Entries.Select(entry => entry.Org).ToHashSet();
        Assert.All(Enumerable.Range(200_000 - SecretCache.Most + SecretCache.GoAtOnce, SecretCache.Most - SecretCache.GoAtOnce), i => Assert.Contains(Org(i), known));
    }

    [Fact]
    public void One_that_has_a_pool_stays_and_is_not_asked_about_again_and_again()
    {
        var live = Enumerable.Range(0, SecretCache.GoAtOnce).Select(i => Learn("live" + Org(i))).ToList();
        _withPool.UnionWith(live.Select(entry => entry.Org));
        for (var i = 0; i < 200_000; i++)
            Learn(Org(i));

        Assert.All(live, entry => Assert.Same(entry, _cache.Find(entry.Name)));
        Assert.All(live, entry => Assert.True(entry.Serves));
        Assert.InRange(_cache.Entries.Count, SecretCache.Most - SecretCache.GoAtOnce, SecretCache.Most + SecretCache.GoAtOnce);
        Assert.InRange(_asked, 200_000 - SecretCache.Most, 230_000);
    }

    [Fact]
    public void One_that_is_being_fetched_or_has_changed_stays()
    {
        var (queued, sent, changed) = (Learn("queued"), Learn("sent"), Learn("changed"));
        (queued.State, sent.State, changed.ChangePending) = (FetchState.Queued, FetchState.Sent, true);
        for (var i = 0; i < 100_000; i++)
            Learn(Org(i));
        Assert.All([queued, sent, changed], entry => Assert.Same(entry, _cache.Find(entry.Name)));

        // What began after the question goes on, too.
        Answer = [];
        var late = _cache.Entries.Count;
        while (Answer.Count == 0)
            Learn(Org(100_000 + late++));
        var used = _cache.Find("martech-" + Answer[0])!;
        used.State = FetchState.Queued;
        _cache.Forget(Answer);
        Assert.Same(used, _cache.Find(used.Name));
    }

    [Fact]
    public void Whoever_is_used_is_not_among_the_oldest()
    {
        var first = Learn("first");
        for (var i = 0; i < 200_000; i++)
        {
            Learn(Org(i));
            if (i % 10_000 == 0)
                _cache.Get("first");
        }

        Assert.Same(first, _cache.Find(first.Name));
    }

    [Fact]
    public void What_was_forgotten_is_read_again_and_is_no_news()
    {
        var first = Learn("first");
        for (var i = 0; i < 100_000; i++)
            Learn(Org(i));
        Assert.Null(_cache.Find(first.Name));

        var again = _cache.Get("first")!;
        Assert.False(again.Serves);
        Assert.Equal(new FetchOutcome(null, false, null), Complete(again, "v2"));
        Assert.True(again.Serves);
        Assert.Equal(new SecretChanged("first", "v3"), Complete(again, "v3").Announcement);
    }

    [Fact]
    public void Where_all_are_in_use_no_new_one_costs_a_look_at_all()
    {
        for (var i = 0; i < SecretCache.Most; i++)
            Learn(Org(i)).ChangePending = true;
        for (var i = 0; i < 1_000; i++)
            Learn("new" + Org(i)).ChangePending = true;
        Assert.Equal(0, _asked);
        Assert.Equal(SecretCache.Most + 1_000, _cache.Entries.Count);

        // Once they are not, the oldest go.
        foreach (var entry in _cache.Entries)
            entry.ChangePending = false;
        for (var i = 0; i < 20_000; i++)
            Learn("newer" + Org(i));
        Assert.InRange(_cache.Entries.Count, SecretCache.Most - SecretCache.GoAtOnce, SecretCache.Most);
    }

    private static string Org(int number) => "org" + number.ToString(CultureInfo.InvariantCulture);

    private SecretEntry Learn(string org)
    {
        var entry = _cache.Get(org)!;
        Complete(entry, "v1");
        return entry;
    }

    private FetchOutcome Complete(SecretEntry entry, string version) =>
        _cache.Complete(entry, new SecretResult.Found("""{"core-postgresql":"postgresql://db1"}""", version), isAuthoritative: false);

    private void MayGo(IReadOnlyList<string> orgs)
    {
        _asked += orgs.Count;
        if (Answer is not null)
            Answer = orgs;
        else
            _cache.Forget([.. orgs.Where(org => !_withPool.Contains(org))]);
    }
}
