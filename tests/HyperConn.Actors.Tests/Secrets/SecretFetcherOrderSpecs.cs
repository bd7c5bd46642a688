using HyperConn.Secrets;

namespace HyperConn.Tests;

/// <summary>Who is served first while calls are out, and what a refresh by hand does not wait for.</summary>
public sealed class SecretFetcherOrderSpecs : SecretFetcherSpec
{
    private const int CallsAtOnce = 8;
    private const int Secrets = CallsAtOnce * 20;

    // Which ones are read first is nobody's business: one of the last is not.
    private const string Last = "org199";

    [Fact]
    public void A_refresh_by_hand_goes_before_those_of_all_that_wait()
    {
        HoldARefreshOfAll();
        Say(new RefreshSecret(Last));
        ReleaseAndAssertNext();
        ExpectMsg(new SecretRefreshed(Last, "v1", null));
    }

    [Fact]
    public void Who_needs_a_secret_that_serves_no_more_goes_before_a_refresh_of_all()
    {
        Options.TimeToLive = Options.HardLimit = TimeSpan.FromSeconds(20);
        HoldARefreshOfAll(after: TimeSpan.FromSeconds(30));
        Ask(Last);
        ReleaseAndAssertNext();
        Assert.Equal("v1", ExpectMsg<CredentialsFound>().VersionId);
    }

    [Fact]
    public void A_refresh_for_use_waits_behind_a_new_tenant()
    {
        Fill(CallsAtOnce * 20);
        Store.Hold();
        Say(RefreshAllSecrets.Instance);
        CallCount(2 * CallsAtOnce);
        Store.Put("martech-seldom", Text("postgresql://seldom"));
        Store.Put("martech-new", Text("postgresql://new"));

        Say(new RevalidateSecret("seldom"));
        Ask("new");
        Pass(Options.BatchWindow);
        Store.Release();
        AwaitAssert(() => Assert.Equal(["martech-new", "martech-seldom"], Store.Calls[2 * CallsAtOnce]));
    }

    [Fact]
    public void A_refresh_of_all_by_hand_tries_a_store_that_is_taken_to_be_down()
    {
        Fill(40);
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Say(RefreshAllSecrets.Instance);
        Assert.Equal((40, 0, 40), Ended());
        var before = Store.Calls.Count;

        Store.FailAll(null);
        Say(RefreshAllSecrets.Instance);
        Assert.Equal((40, 0, 0), Ended());
        Assert.Equal(2, Store.Calls.Count - before);
    }

    [Fact]
    public void A_refresh_of_all_by_hand_forgets_that_those_not_cached_could_not_be_had()
    {
        Fill(1);
        FetchFails("missing");
        Store.Put("martech-missing", Text("postgresql://new"));
        Say(RefreshAllSecrets.Instance);
        ExpectMsg<SecretsRefreshed>();
        Assert.Equal("postgresql://new", Fetch("missing").Text);
    }

    [Fact]
    public void What_is_due_goes_at_once_in_as_many_calls_as_it_takes()
    {
        Fill(30);
        CallCount(2);
    }

    [Fact]
    public void A_refresh_of_nothing_is_answered_once()
    {
        Say(RefreshAllSecrets.Instance);
        ExpectMsg(new SecretsRefreshed(0, 0, 0, 0));
        Pass(Options.BatchWindow);
        Assert.False(HasMessages);
    }

    [Fact]
    public void Fetches_and_hits_are_counted()
    {
        Fill(2);
        Ask("org0");
        Ask("org1");
        ReceiveN(2, TimeSpan.FromSeconds(20));
        FetchFails("missing");
        Say(new RefreshSecret("org0"));
        Pass(Options.BatchWindow);
        ExpectMsg<SecretRefreshed>();
        Pass(Options.TimeToLive);
        Say(new RevalidateSecret("org0"));
        Pass(Options.BatchWindow);
        var statistics = Statistics();
        Assert.Equal((2, 2, 2, 1), (statistics.CacheHits, statistics.Refreshes, statistics.Cached, statistics.Failures));
    }

    private (int Secrets, int Changed, int Failed) Ended()
    {
        Pass(Options.BatchWindow);
        var ended = ExpectMsg<SecretsRefreshed>();
        return (ended.Secrets, ended.Changed, ended.Failed);
    }

    private void HoldARefreshOfAll(TimeSpan after = default)
    {
        Fill(Secrets + 40);
        Pass(after);
        Store.Hold();
        Say(RefreshAllSecrets.Instance);
        CallCount(10 + CallsAtOnce);
    }

    private void ReleaseAndAssertNext()
    {
        Store.Release();
        AwaitAssert(() => Assert.Equal("martech-" + Last, Store.Calls[10 + CallsAtOnce][0]));
    }
}
