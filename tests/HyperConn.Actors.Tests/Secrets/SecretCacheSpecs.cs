using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Secrets;

/// <summary>What a fetch's result makes of what is known of a secret.</summary>
public class SecretCacheSpecs
{
    private readonly FakeTimeProvider _time = new();
    private readonly SecretOptions _options = new();
    private readonly MonotonicClock _clock;
    private readonly SecretCache _cache;
    private readonly RecordingLogger _lines = new();
    private readonly SecretEntry _entry;

    public SecretCacheSpecs()
    {
        _clock = new MonotonicClock(_time);
        _cache = new SecretCache(_options, "martech", _clock, new Jitter(new FixedRandom(1)), _lines, _ => { });
        _entry = _cache.Get("org1")!;
    }

    [Fact]
    public void An_entry_is_found_by_its_organisation_and_by_its_secrets_name()
    {
        Assert.Same(_entry, _cache.Get("org1"));
        Assert.Same(_entry, _cache.Find("martech-org1"));
        Assert.Null(_cache.Find("martech-org2"));
        Assert.Null(_cache.Find("other-org1"));
        Assert.Null(_cache.Find("hartech-org1"));
        Assert.Null(_cache.Find("org1"));
        var longest = TenantKey.MaxSecretNameLength - "martech-".Length;
        Assert.NotNull(_cache.Get(new string('x', longest)));
        Assert.Null(_cache.Get(new string('x', longest + 1)));
    }

    [Fact]
    public void The_first_version_is_no_news_the_same_is_confirmed_and_another_is_announced()
    {
        Assert.Equal(new FetchOutcome(null, false, null), Complete(Found("v1")));
        Assert.Equal(new FetchOutcome(null, false, new SecretConfirmed("org1")), Complete(Found("v1")));
        Assert.Equal(new FetchOutcome(null, true, new SecretChanged("org1", "v2")), Complete(Found("v2")));
    }

    [Fact]
    public void Each_result_is_a_line_in_the_log_and_a_new_version_is_two()
    {
        Complete(Failed(HyperConnErrorCode.AccessDenied));
        Complete(Found("v1"));
        Complete(Found("v1"));
        Complete(Found("v2"));
        Complete(Failed(HyperConnErrorCode.AccessDenied));
        Assert.Equal(
            ["SecretFetchFailed", "SecretFetched", "SecretFetched", "SecretFetched", "SecretChanged", "SecretRefreshFailed"],
            _lines.Lines.Select(line => line.Event.Name));
    }

    [Fact]
    public void An_entry_that_can_not_be_read_any_more_is_a_line_in_the_log_too()
    {
        Complete(Found("v1"));
        Complete(new SecretResult.Found("""{"core-postgresql":5}""", "v2"));
        Assert.Contains("SecretRefreshFailed", _lines.Lines.Select(line => line.Event.Name));
    }

    [Fact]
    public void A_failure_leaves_what_serves_unless_somebody_asked_whether_it_is_still_there()
    {
        Complete(Found("v1"));
        var failed = Complete(Failed(HyperConnErrorCode.SecretNotFound));
        Assert.True(_entry.Serves);
        Assert.Equal(new SecretRefreshFailed("org1", failed.Failure!), failed.Announcement);
        Assert.Null(_cache.Complete(_entry, Failed(HyperConnErrorCode.SecretNotFound), isAuthoritative: true).Announcement);
        Assert.False(_entry.Serves);
    }

    [Fact]
    public void Refused_logins_may_fetch_in_vain_a_few_times_a_minute_and_as_often_as_they_like_with_success()
    {
        Complete(Found("v0"));
        for (var version = 1; version < 20; version++)
        {
            Assert.True(TryRefetch());
            Complete(Found($"v{version}"));
        }

        for (var i = 0; i < _options.MaxRefetchesPerMinute; i++)
        {
            Assert.True(TryRefetch());
            Complete(Found("v19"));
        }

        Assert.False(TryRefetch());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(TryRefetch());
    }

    [Fact]
    public void What_is_of_no_use_any_more_is_dropped()
    {
        Complete(Failed(HyperConnErrorCode.SecretNotFound));
        var kept = _cache.Get("org2")!;
        _cache.Complete(kept, Found("v1"), isAuthoritative: false);
        _time.Advance(_options.FailureTimeToLive + TimeSpan.FromMinutes(2));
        _cache.Tidy();
        Assert.Equal([_entry, kept], _cache.Entries);
        _time.Advance(TimeSpan.FromSeconds(1));
        _cache.Tidy();
        Assert.Equal([kept], _cache.Entries);
        Assert.NotNull(kept.Document);

        _time.Advance(_options.HardLimit);
        _cache.Tidy();
        Assert.Equal(("v1", null), (kept.KnownVersion, kept.Document));
    }

    [Fact]
    public void Only_what_is_at_rest_is_forgotten()
    {
        var queued = _cache.Get("org2")!;
        queued.State = FetchState.Queued;
        var changed = _cache.Get("org3")!;
        changed.ChangePending = true;
        _cache.Forget(["org1", "org2", "org3", "never-known"]);
        Assert.Equal([queued, changed], _cache.Entries);
    }

    [Fact]
    public void Another_version_heard_of_is_news_of_what_is_cached_and_of_what_failed()
    {
        Complete(Found("v1"));
        var failed = _cache.Get("org2")!;
        _cache.Complete(failed, Failed(HyperConnErrorCode.SecretNotFound), isAuthoritative: false);
        _cache.Get("org3");
        Assert.Equal([_entry, failed], Heard("v2"));
        Assert.Equal([failed], Heard("v1"));

        IEnumerable<SecretEntry> Heard(string version) => _cache.WithOtherVersions(
            new[] { "org1", "org2", "org3", "never-known" }.Select(org => new HeardVersion(org, version)));
    }

    private static SecretResult.Found Found(string version) => new("""{"core-postgresql":"postgresql://db1"}""", version);

    private static SecretResult.Failed Failed(HyperConnErrorCode code) => new(code, "No.");

    private FetchOutcome Complete(SecretResult result) => _cache.Complete(_entry, result, isAuthoritative: false);

    private bool TryRefetch()
    {
        if (!_cache.MayRefetch(_entry))
            return false;
        _entry.Refetches.Enqueue(_clock.Now);
        return true;
    }
}
