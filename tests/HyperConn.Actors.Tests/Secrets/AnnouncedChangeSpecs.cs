using HyperConn.Secrets;

namespace HyperConn.Tests;

/// <summary>A change that the store has announced is fetched, whatever state the store and the secret are in at that moment.</summary>
public sealed class AnnouncedChangeSpecs : SecretFetcherSpec
{
    [Fact]
    public void A_change_while_the_store_is_down_is_fetched_when_the_store_is_back()
    {
        Know("org1");
        ShutGate();
        Change("org1");
        Pass(Options.BatchWindow);
        CallCount(2);

        // Nobody asks for anything: the change itself is reason enough to see whether the store is back.
        Store.FailAll(null);
        Pass(Options.FailureTimeToLive);
        Pass(Options.BatchWindow);
        Parent.FishForMessage(message => message is SecretChanged { Org: "org1", VersionId: "v2" });
    }

    [Fact]
    public void A_change_while_the_store_is_down_is_fetched_when_somebody_elses_call_finds_the_store_back()
    {
        Know("org1");
        ShutGate();
        Change("org1");
        Store.FailAll(null);
        Store.Put("martech-other", Text("postgresql://other"), "v1");
        Say(new RefreshSecret("other"));
        Pass(Options.BatchWindow);
        Pass(Options.BatchWindow);
        Parent.FishForMessage(message => message is SecretChanged { Org: "org1", VersionId: "v2" });
    }

    [Fact]
    public void A_change_is_tried_again_while_the_store_stays_down()
    {
        Know("org1");
        ShutGate();
        Change("org1");
        var before = Store.Calls.Count;
        for (var minute = 0; minute < 10; minute++)
        {
            Pass(TimeSpan.FromMinutes(1));
            Pass(Options.BatchWindow);
        }

        Assert.InRange(Store.Calls.Count - before, 5, 12);
        Store.FailAll(null);
        Pass(TimeSpan.FromMinutes(1));
        Pass(Options.BatchWindow);
        Parent.FishForMessage(message => message is SecretChanged { Org: "org1", VersionId: "v2" });
        var after = Store.Calls.Count;
        Pass(TimeSpan.FromMinutes(5));
        CallCount(after);
    }

    [Theory]
    [InlineData(HyperConnErrorCode.StoreThrottled)]
    [InlineData(HyperConnErrorCode.StoreUnavailable)]
    public void A_change_whose_fetch_fails_is_fetched_later(HyperConnErrorCode code)
    {
        Know("org1");
        Store.Fail("martech-org1", code);
        Store.RaiseChanged("martech-org1");
        Statistics();
        Pass(Options.BatchWindow);
        Parent.FishForMessage(message => message is SecretRefreshFailed { Org: "org1" });
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Pass(Options.FailureTimeToLive);
        Pass(Options.BatchWindow);
        Parent.FishForMessage(message => message is SecretChanged { Org: "org1", VersionId: "v2" });
    }

    [Fact]
    public void A_change_while_a_fetch_is_out_that_finds_the_store_down_is_not_lost()
    {
        Know("org1");
        Know("org2");
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Store.Hold();
        Say(new RefreshSecret("org1"));
        Say(new RefreshSecret("org2"));
        Pass(Options.BatchWindow);
        CallCount(3);
        Change("org1");
        Store.Release();
        ExpectMsg<SecretRefreshed>();
        ExpectMsg<SecretRefreshed>();
        Store.FailAll(null);
        Pass(TimeSpan.FromMinutes(1));
        Pass(Options.BatchWindow);
        Parent.FishForMessage(message => message is SecretChanged { Org: "org1", VersionId: "v2" });
    }

    [Fact]
    public void A_change_is_fetched_though_refused_logins_have_used_up_their_fetches()
    {
        Know("org1");
        for (var i = 0; i <= Options.MaxRefetchesPerMinute; i++)
        {
            Say(new RefetchCredentials(Tenant("org1"), "v1"));
            Pass(Options.BatchWindow);
            ExpectMsg<CredentialsFound>();
        }

        CallCount(1 + Options.MaxRefetchesPerMinute);
        Change("org1");
        Pass(Options.BatchWindow);
        Parent.FishForMessage(message => message is SecretChanged { Org: "org1", VersionId: "v2" });
    }

    [Fact]
    public void A_refetch_that_brings_a_newer_version_does_not_count_against_the_limit()
    {
        Know("org1");
        for (var version = 1; version < 20; version++)
        {
            Store.Put("martech-org1", Text("postgresql://new"), $"v{version + 1}");
            Say(new RefetchCredentials(Tenant("org1"), $"v{version}"));
            Pass(Options.BatchWindow);
            Assert.Equal($"v{version + 1}", ExpectMsg<CredentialsFound>().VersionId);
        }
    }

    [Theory]
    [InlineData("martech-org1")]
    [InlineData(null)]
    public void A_change_of_what_could_not_be_had_makes_it_worth_asking_for_at_once(string? name)
    {
        FetchFails("org1");
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Store.RaiseChanged(name);
        Statistics();
        Parent.ExpectMsg(new SecretFailureForgotten("org1"));

        // Nobody has a pool with it: it is read when somebody asks.
        Pass(Options.BatchWindow);
        CallCount(1);
        Assert.Equal("v2", Fetch("org1").VersionId);
    }

    [Fact]
    public void A_version_heard_of_from_another_node_is_fetched_unless_it_is_the_one_known()
    {
        Know("org1");
        Store.Put("martech-org1", Text("postgresql://new"), "v2");
        Say(new SecretVersionsHeard([new HeardVersion("org1", "v1")]));
        Pass(Options.BatchWindow);
        CallCount(1);
        Say(new SecretVersionsHeard([new HeardVersion("org1", "v2")]));
        Pass(Options.BatchWindow);
        Parent.FishForMessage(message => message is SecretChanged { Org: "org1", VersionId: "v2" });
    }

    private void Know(string org)
    {
        Store.Put("martech-" + org, Text("postgresql://old"), "v1");
        Fetch(org);
    }

    private void Change(string org)
    {
        Store.Put("martech-" + org, Text("postgresql://new"), "v2");
        Store.RaiseChanged("martech-" + org);
        Statistics();
    }

    private void ShutGate()
    {
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Ask("a");
        Ask("b");
        Pass(Options.BatchWindow);
        ExpectMsg<CredentialsMissing>();
        ExpectMsg<CredentialsMissing>();
        CallCount(2);
    }
}
