using HyperConn.Secrets;

namespace HyperConn.Tests;

public sealed class SecretFetcherCacheSpecs : SecretFetcherSpec
{
    [Fact]
    public void What_is_cached_is_answered_without_a_call()
    {
        Store.Put("martech-org1", Text("postgresql://one"));
        var first = Fetch("org1");
        Pass(Options.TimeToLive - TimeSpan.FromSeconds(1));
        Ask("org1");
        Assert.Equal(first, ExpectMsg<CredentialsFound>());
        CallCount(1);
        Assert.Equal(1, Statistics().CacheHits);
    }

    [Fact]
    public void What_serves_no_more_does_not_stay_in_memory()
    {
        Options.TimeToLive = Options.HardLimit = TimeSpan.FromSeconds(90);
        Store.Put("martech-org1", Text("postgresql://one"));
        Fetch("org1");
        Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(1, Statistics().Cached);
        Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(0, Statistics().Cached);
    }

    [Theory]
    [InlineData(0, 30)]
    [InlineData(0.5, 45)]
    [InlineData(1, 60)]
    public void Each_secret_draws_its_age_from_the_upper_half(double draw, int minutes)
    {
        Chance = new FixedRandom(draw);
        Store.Put("martech-org1", Text("postgresql://one"));
        var found = Fetch("org1");
        Assert.Equal(TimeSpan.FromMinutes(minutes), found.StaleAt.At - found.FetchedAt.At);
    }

    [Fact]
    public void Past_its_time_the_old_value_serves_while_one_refresh_runs()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Pass(Options.TimeToLive);
        for (var i = 0; i < 10; i++)
        {
            Ask("org1");
            Assert.Equal("postgresql://old", ExpectMsg<CredentialsFound>().Text);
        }

        Pass(Options.BatchWindow);
        Parent.ExpectMsg(new SecretChanged("org1", "v2"));
        CallCount(2);
        Assert.Equal("postgresql://new", Fetch("org1").Text);
        CallCount(2);
    }

    [Fact]
    public void An_unchanged_version_is_confirmed_but_not_announced()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Pass(Options.TimeToLive);
        Fetch("org1");
        CallCount(2);
        Parent.ExpectMsg(new SecretConfirmed("org1"));
        Parent.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void Past_the_hard_limit_the_old_value_no_longer_serves()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Pass(Options.HardLimit);
        Ask("org1");
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Pass(Options.BatchWindow);
        Assert.Equal("postgresql://new", ExpectMsg<CredentialsFound>().Text);
        Parent.ExpectMsg(new SecretChanged("org1", "v2"));
    }

    [Fact]
    public void Past_the_hard_limit_a_failure_is_the_answer()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Fail("martech-org1", HyperConnErrorCode.StoreUnavailable);
        Pass(Options.HardLimit);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, FetchFails("org1").Code);
    }

    [Fact]
    public void A_failed_refresh_leaves_the_old_value_and_is_reported()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Fail("martech-org1", HyperConnErrorCode.AccessDenied);
        Pass(Options.TimeToLive);
        Assert.Equal("postgresql://old", Fetch("org1").Text);
        Assert.Equal(HyperConnErrorCode.AccessDenied, Parent.ExpectMsg<SecretRefreshFailed>().Reason.Code);
        // And is not tried again at once.
        Assert.Equal("postgresql://old", Fetch("org1").Text);
        CallCount(2);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[1]")]
    [InlineData("\"text\"")]
    public void A_malformed_new_version_leaves_the_old_one_and_is_reported(string text)
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Put("martech-org1", text, "v2");
        Pass(Options.TimeToLive);
        Assert.Equal("v1", Fetch("org1").VersionId);
        Assert.Equal(HyperConnErrorCode.SecretMalformed, Parent.ExpectMsg<SecretRefreshFailed>().Reason.Code);
        Assert.Equal(("v1", HyperConnErrorCode.SecretMalformed), (Fetch("org1").VersionId, Fetch("org1").Setback!.Code));
    }

    [Fact]
    public void One_broken_entry_of_a_new_version_leaves_that_entry_as_it_was()
    {
        Store.Put("martech-org1", """{"core-postgresql":"postgresql://a","billing-postgresql":"postgresql://b"}""", "v1");
        Fetch("org1");
        Store.Put("martech-org1", """{"core-postgresql":"postgresql://a2","billing-postgresql":17}""", "v2");
        Say(new RefreshSecret("org1"));
        Pass(Options.BatchWindow);
        ExpectMsg(new SecretRefreshed("org1", "v2", null));
        Parent.ExpectMsg(new SecretChanged("org1", "v2"));
        Assert.Equal(("postgresql://a2", "v2"), (Fetch("org1").Text, Fetch("org1").VersionId));
        Assert.Equal(("postgresql://b", "v1"), (Fetch("org1", "billing").Text, Fetch("org1", "billing").VersionId));
        Assert.Null(Fetch("org1").Setback);
        Assert.Equal(HyperConnErrorCode.SecretMalformed, Fetch("org1", "billing").Setback!.Code);
        Assert.Contains("billing-postgresql", Fetch("org1", "billing").Setback!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_that_outlives_its_credentials_may_ask_for_a_refresh()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Say(new RevalidateSecret("org1"));
        Pass(Options.BatchWindow);
        CallCount(1);
        Pass(Options.TimeToLive);
        Say(new RevalidateSecret("org1"));
        Say(new RevalidateSecret("org1"));
        Pass(Options.BatchWindow);
        Parent.ExpectMsg(new SecretChanged("org1", "v2"));
        CallCount(2);
    }

    [Fact]
    public void A_store_that_notices_a_change_has_it_fetched()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Store.RaiseChanged("martech-org1");
        Store.RaiseChanged("martech-other");
        Store.RaiseChanged("elsewhere");
        Statistics();
        Pass(Options.BatchWindow);
        Parent.ExpectMsg(new SecretChanged("org1", "v2"));
        Calls(["martech-org1"], ["martech-org1"]);
    }

    [Fact]
    public void A_change_during_a_fetch_has_it_fetched_once_more()
    {
        PutNewWhileOldIsRead("org1");
        Store.RaiseChanged("martech-org1");
        Statistics();
        Store.Release();
        Assert.Equal("v1", ExpectMsg<CredentialsFound>().VersionId);
        Pass(Options.BatchWindow);
        Parent.ExpectMsg(new SecretChanged("org1", "v2"));
        CallCount(2);
    }

    [Fact]
    public void A_pool_may_ask_for_a_secret_that_is_known_no_more_but_not_for_one_there_can_not_be()
    {
        Store.Put("martech-org1", Text("postgresql://one"), "v1");
        Say(new RevalidateSecret("org1"));
        Say(new RevalidateSecret(new string('x', 510)));
        Pass(Options.BatchWindow);
        Calls([["martech-org1"]]);
        Assert.Equal("v1", Fetch("org1").VersionId);
        CallCount(1);
    }

    [Fact]
    public void A_store_that_does_not_say_which_secret_changed_has_all_that_are_known_fetched()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Store.Put("martech-org2", Text("postgresql://two"), "v1");
        Fetch("org1");
        Fetch("org2");
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Store.RaiseChanged(null);
        Statistics();
        Pass(Options.BatchWindow);
        Parent.ExpectMsg(new SecretChanged("org1", "v2"));
        Parent.ExpectMsg(new SecretConfirmed("org2"));
        Calls(["martech-org1"], ["martech-org2"], ["martech-org1", "martech-org2"]);
    }
}
