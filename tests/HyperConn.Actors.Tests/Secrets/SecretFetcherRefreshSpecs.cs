using HyperConn.Secrets;

namespace HyperConn.Tests;

public sealed class SecretFetcherRefreshSpecs : SecretFetcherSpec
{
    [Fact]
    public void A_thousand_secrets_are_refreshed_in_at_most_55_calls()
    {
        Fill(1000);
        var before = Store.Calls.Count;
        for (var i = 0; i < 10; i++)
            Store.Put("martech-org" + i, Text("postgresql://new"), "v2");
        Say(RefreshAllSecrets.Instance);
        var done = ExpectMsg<SecretsRefreshed>();
        Assert.Equal((1000, 10, 0), (done.Secrets, done.Changed, done.Failed));
        Assert.InRange(done.StoreCalls, 50, 55);
        Assert.Equal(done.StoreCalls, Store.Calls.Count - before);
        for (var i = 0; i < 10; i++)
            Parent.ExpectMsg<SecretChanged>();
    }

    [Fact]
    public void A_refresh_of_everything_counts_its_failures_and_old_values_go_on()
    {
        Fill(40);
        Store.Fail("martech-org7", HyperConnErrorCode.AccessDenied);
        Say(RefreshAllSecrets.Instance);
        Assert.Equal(new SecretsRefreshed(40, 0, 1, 2), ExpectMsg<SecretsRefreshed>());
        Assert.Equal("org7", ((SecretRefreshFailed)Parent.FishForMessage(message => message is SecretRefreshFailed)).Org);
        Assert.Equal("v1", Fetch("org7").VersionId);
    }

    [Fact]
    public void A_refresh_of_nothing_is_answered()
    {
        Say(RefreshAllSecrets.Instance);
        ExpectMsg(new SecretsRefreshed(0, 0, 0, 0));
    }

    [Fact]
    public void A_new_tenant_goes_before_a_refresh_of_everything()
    {
        Fill(1000);
        Store.Hold();
        Say(RefreshAllSecrets.Instance);
        CallCount(58);
        Store.Put("martech-new", Text("postgresql://new"));
        Ask("new");
        Pass(Options.BatchWindow);
        Store.Release();
        AwaitAssert(() => Assert.Contains("martech-new", Store.Calls[58]));
    }

    [Fact]
    public void Refresh_forgets_a_failure_and_fetches_now()
    {
        FetchFails("org1");
        Store.Put("martech-org1", Text("postgresql://one"), "v1");
        Say(new RefreshSecret("org1"));
        Pass(Options.BatchWindow);
        ExpectMsg(new SecretRefreshed("org1", "v1", null));
        Assert.Equal("postgresql://one", Fetch("org1").Text);
        CallCount(2);
    }

    [Fact]
    public void Refresh_does_not_trust_a_call_that_is_already_out()
    {
        PutNewWhileOldIsRead("org1");
        Say(new RefreshSecret("org1"));
        Store.Release();
        Assert.Equal("v1", ExpectMsg<CredentialsFound>().VersionId);
        Pass(Options.BatchWindow);
        ExpectMsg(new SecretRefreshed("org1", "v2", null));
    }

    [Fact]
    public void Refreshes_asked_for_while_a_call_is_out_share_the_next_one()
    {
        PutNewWhileOldIsRead("org1");
        Say(new RefreshSecret("org1"));
        Say(new RefreshSecret("org1"));
        Store.Release();
        ExpectMsg<CredentialsFound>();
        Pass(Options.BatchWindow);
        ExpectMsg(new SecretRefreshed("org1", "v2", null));
        ExpectMsg(new SecretRefreshed("org1", "v2", null));
        CallCount(2);
    }

    [Fact]
    public void Refreshes_of_one_secret_and_of_everything_share_the_call_they_wait_for()
    {
        Fill(1);
        Say(new RefreshSecret("org0"));
        Say(new RefreshSecret("org0"));
        Say(RefreshAllSecrets.Instance);
        ExpectMsg(new SecretRefreshed("org0", "v1", null));
        ExpectMsg(new SecretRefreshed("org0", "v1", null));
        ExpectMsg(new SecretsRefreshed(1, 0, 0, 1));
        CallCount(2);
    }

    [Fact]
    public void Refresh_of_a_deleted_secret_stops_serving_it()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Fail("martech-org1", HyperConnErrorCode.SecretNotFound);
        Say(new RefreshSecret("org1"));
        Pass(Options.BatchWindow);
        var refreshed = ExpectMsg<SecretRefreshed>();
        Assert.Null(refreshed.VersionId);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, refreshed.Failure!.Code);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, FetchFails("org1").Code);
    }

    [Fact]
    public void Refresh_while_the_store_fails_keeps_what_is_cached_and_says_why()
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        Store.Fail("martech-org1", HyperConnErrorCode.StoreUnavailable);
        Say(new RefreshSecret("org1"));
        Pass(Options.BatchWindow);
        var refreshed = ExpectMsg<SecretRefreshed>();
        Assert.Equal(("v1", HyperConnErrorCode.StoreUnavailable), (refreshed.VersionId, refreshed.Failure!.Code));
        Assert.Equal("v1", Fetch("org1").VersionId);
    }

    [Fact]
    public void Refresh_of_an_impossible_organisation_is_answered()
    {
        Say(new RefreshSecret("no such\norg"));
        Assert.Equal(HyperConnErrorCode.InvalidTenant, ExpectMsg<SecretRefreshed>().Failure!.Code);
    }
}
