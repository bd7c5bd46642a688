using HyperConn.Secrets;

namespace HyperConn.Tests;

public sealed class SecretFetcherFailureSpecs : SecretFetcherSpec
{
    [Fact]
    public void A_missing_secret_is_remembered_for_a_while_with_the_same_answer()
    {
        var first = FetchFails("org1");
        Assert.Equal(HyperConnErrorCode.SecretNotFound, first.Code);
        Assert.Equal(Clock.GetUtcNow() + Options.FailureTimeToLive, first.RetryAt);
        Pass(Options.FailureTimeToLive - TimeSpan.FromSeconds(1));
        Assert.Equal(first, FetchFails("org1"));
        CallCount(1);
        Pass(TimeSpan.FromSeconds(1));
        Store.Put("martech-org1", Text("postgresql://one"));
        Assert.Equal("postgresql://one", Fetch("org1").Text);
        CallCount(2);
    }

    [Fact]
    public void An_unavailable_secret_is_asked_for_less_and_less_up_to_a_minute()
    {
        Store.Fail("martech-org1", HyperConnErrorCode.StoreUnavailable);
        var pauses = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            var reason = FetchFails("org1");
            pauses.Add((reason.RetryAt!.Value - Clock.GetUtcNow()).TotalSeconds);
            Pass(reason.RetryAt.Value - Clock.GetUtcNow());
        }

        Assert.Equal([5, 10, 20, 40, 60, 60], pauses);
        CallCount(6);
    }

    [Fact]
    public void The_pauses_are_drawn_from_their_upper_half()
    {
        Chance = new FixedRandom(0);
        Store.Fail("martech-org1", HyperConnErrorCode.StoreThrottled);
        Assert.Equal(Clock.GetUtcNow() + Options.BatchWindow + (Options.FailureTimeToLive / 2), FetchFails("org1").RetryAt);
    }

    [Fact]
    public void One_secret_that_always_fails_does_not_stop_the_others()
    {
        Store.Fail("martech-bad", HyperConnErrorCode.StoreUnavailable);
        Store.Put("martech-good", Text("postgresql://good"));
        for (var i = 0; i < 5; i++)
        {
            FetchFails("bad");
            Pass(TimeSpan.FromMinutes(1));
        }

        Assert.Equal("postgresql://good", Fetch("good").Text);
        Assert.DoesNotContain(2006, Lines.EventIds);
    }

    [Fact]
    public void While_the_store_is_down_new_secrets_are_refused_at_once_and_cached_ones_serve()
    {
        Store.Put("martech-old", Text("postgresql://old"));
        Fetch("old");
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Pass(Options.TimeToLive);
        Ask("a");
        Ask("b");
        Pass(Options.BatchWindow);
        ExpectMsg<CredentialsMissing>();
        ExpectMsg<CredentialsMissing>();
        CallCount(2);

        for (var i = 0; i < 50; i++)
        {
            Ask("new" + i);
            Assert.Equal(HyperConnErrorCode.StoreUnavailable, ExpectMsg<CredentialsMissing>().Reason.Code);
        }

        Ask("old");
        Assert.Equal("postgresql://old", ExpectMsg<CredentialsFound>().Text);
        Pass(Options.BatchWindow);
        CallCount(2);
        Assert.Contains(2006, Lines.EventIds);
    }

    [Fact]
    public void One_call_at_a_time_probes_a_store_that_is_down_and_its_return_is_noticed()
    {
        Shut();
        Pass(Options.FailureTimeToLive);
        Store.Hold();
        Ask("c");
        Pass(Options.BatchWindow);
        CallCount(2);
        Ask("d");
        var reason = ExpectMsg<CredentialsMissing>().Reason;
        Assert.True(reason.RetryAt > Clock.GetUtcNow());
        Store.Release();
        ExpectMsg<CredentialsMissing>();

        Store.FailAll(null);
        Store.Put("martech-d", Text("postgresql://d"));
        Ask("d");
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, ExpectMsg<CredentialsMissing>().Reason.Code);
        CallCount(2);
        Pass(Options.FailureTimeToLive * 2);
        Assert.Equal("postgresql://d", Fetch("d").Text);
        Assert.Contains(2007, Lines.EventIds);
        Store.Put("martech-e", Text("postgresql://e"));
        Assert.Equal("postgresql://e", Fetch("e").Text);
    }

    [Fact]
    public void Look_ups_in_the_queue_are_answered_when_the_store_goes_down()
    {
        Store.MaxBatchSize = 2;
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Store.Hold();
        for (var i = 0; i < 40; i++)
            Ask("org" + i);
        CallCount(8);
        Store.Release();
        for (var i = 0; i < 40; i++)
            Assert.Equal(HyperConnErrorCode.StoreUnavailable, ExpectMsg<CredentialsMissing>().Reason.Code);
        CallCount(8);
    }

    [Fact]
    public void Refresh_probes_a_store_that_is_down_before_its_time()
    {
        Shut();
        Store.FailAll(null);
        Store.Put("martech-a", Text("postgresql://a"), "v9");
        Say(new RefreshSecret("a"));
        Pass(Options.BatchWindow);
        ExpectMsg(new SecretRefreshed("a", "v9", null));
        Assert.Equal("postgresql://a", Fetch("a").Text);
    }

    [Fact]
    public void Throttling_slows_the_calls_down_and_success_speeds_them_up_again()
    {
        Options.BatchWindow = TimeSpan.Zero;
        Store.FailAll(HyperConnErrorCode.StoreThrottled);
        Store.Hold();
        for (var i = 0; i < 8; i++)
            Ask("slow" + i);
        CallCount(8);
        Store.Release();
        for (var i = 0; i < 8; i++)
            Assert.Equal(HyperConnErrorCode.StoreThrottled, ExpectMsg<CredentialsMissing>().Reason.Code);
        Assert.Equal(8, Statistics().Throttled);
        Store.FailAll(null);

        // However many were asked: the pace is kept from here on.
        for (var i = 0; i < 200; i++)
            Ask("org" + i);
        var perSecond = new List<int>();
        for (var second = 0; second < 40; second++)
        {
            var before = Store.Calls.Count;
            for (var step = 0; step < 100; step++)
                Pass(TimeSpan.FromMilliseconds(10));
            perSecond.Add(Store.Calls.Count - before);
        }

        Assert.InRange(perSecond[0], 1, 8);
        Assert.True(perSecond.Take(5).Max() > perSecond[0], string.Join(' ', perSecond));
        Assert.Equal(208, Store.Calls.Count);
    }

    [Fact]
    public void Refetch_answers_at_once_when_a_newer_version_is_known()
    {
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Fetch("org1");
        Say(new RefetchCredentials(Tenant("org1"), "v1"));
        Assert.Equal("v2", ExpectMsg<CredentialsFound>().VersionId);
        CallCount(1);
    }

    [Fact]
    public void Refetch_is_single_flight_and_limited_within_a_minute()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        for (var i = 0; i < 6; i++)
        {
            Say(new RefetchCredentials(Tenant("org1"), "v1"));
            Say(new RefetchCredentials(Tenant("org1"), "v1"));
            Pass(Options.BatchWindow);
            Assert.Equal("v1", ExpectMsg<CredentialsFound>().VersionId);
            Assert.Equal("v1", ExpectMsg<CredentialsFound>().VersionId);
            Pass(TimeSpan.FromSeconds(5));
        }

        CallCount(1 + Options.MaxRefetchesPerMinute);
        Assert.Equal(1, Lines.EventIds.Count(id => id == 2004));

        // The minute slides: the first of the three is a minute old now, the others are not.
        Pass(TimeSpan.FromSeconds(31));
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Say(new RefetchCredentials(Tenant("org1"), "v1"));
        Pass(Options.BatchWindow);
        Assert.Equal("v2", ExpectMsg<CredentialsFound>().VersionId);
        Parent.FishForMessage(message => message is SecretChanged { Org: "org1", VersionId: "v2" });
        CallCount(2 + Options.MaxRefetchesPerMinute);
    }

    [Fact]
    public void A_refetch_that_fails_answers_what_is_cached()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Fail("martech-org1", HyperConnErrorCode.StoreUnavailable);
        Say(new RefetchCredentials(Tenant("org1"), "v1"));
        Pass(Options.BatchWindow);
        Assert.Equal("v1", ExpectMsg<CredentialsFound>().VersionId);
        Parent.ExpectMsg<SecretRefreshFailed>();
    }

    private void Shut()
    {
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Ask("a");
        Ask("b");
        Pass(Options.BatchWindow);
        ExpectMsg<CredentialsMissing>();
        ExpectMsg<CredentialsMissing>();
        CallCount(1);
    }
}
