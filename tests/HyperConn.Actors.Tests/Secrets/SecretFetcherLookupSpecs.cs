using HyperConn.Secrets;

namespace HyperConn.Tests;

public sealed class SecretFetcherLookupSpecs : SecretFetcherSpec
{
    [Fact]
    public void A_hundred_look_ups_of_one_secret_are_one_call()
    {
        Store.Put("martech-org1", Text("postgresql://one"));
        for (var i = 0; i < 100; i++)
            Fetcher.Tell(new FetchCredentials(Tenant("org1")), TestActor);
        Statistics();
        Pass(Options.BatchWindow);
        for (var i = 0; i < 100; i++)
            Assert.Equal("postgresql://one", ExpectMsg<CredentialsFound>().Text);
        Calls([["martech-org1"]]);
        Assert.Equal(99, Statistics().SharedCalls);
    }

    [Fact]
    public void Services_of_one_organisation_share_the_call()
    {
        Store.Put("martech-org1", """{"core-postgresql":"postgresql://a","billing-postgresql":"postgresql://b"}""");
        Ask("org1", "core");
        Ask("org1", "billing");
        Pass(Options.BatchWindow);
        Assert.Equal("postgresql://a", ExpectMsg<CredentialsFound>(found => found.Tenant == Tenant("org1", "core")).Text);
        Assert.Equal("postgresql://b", ExpectMsg<CredentialsFound>(found => found.Tenant == Tenant("org1", "billing")).Text);
        CallCount(1);
    }

    [Fact]
    public void A_look_up_while_the_call_is_out_joins_it()
    {
        Store.Put("martech-org1", Text("postgresql://one"));
        Store.Hold();
        Ask("org1");
        Pass(Options.BatchWindow);
        CallCount(1);
        Ask("org1");
        Pass(Options.BatchWindow);
        Store.Release();
        ExpectMsg<CredentialsFound>();
        ExpectMsg<CredentialsFound>();
        CallCount(1);
    }

    [Fact]
    public void Different_secrets_within_the_window_go_out_as_one_batch()
    {
        foreach (var org in new[] { "a", "b", "c" })
        {
            Store.Put("martech-" + org, Text("postgresql://" + org));
            Ask(org);
        }

        CallCount(0);
        Pass(Options.BatchWindow);
        Assert.Equal(["a", "b", "c"], new[] { 1, 2, 3 }.Select(_ => ExpectMsg<CredentialsFound>().Tenant.Org).Order());
        Calls(["martech-a", "martech-b", "martech-c"]);
        Assert.Equal(1, Statistics().BatchCalls);
    }

    [Fact]
    public void A_full_batch_does_not_wait_for_the_window()
    {
        for (var i = 0; i < 20; i++)
            Ask("org" + i);
        CallCount(1);
        Assert.Equal(20, Store.Calls[0].Length);
    }

    [Fact]
    public void More_than_a_batch_becomes_several()
    {
        for (var i = 0; i < 45; i++)
            Ask("org" + i);
        CallCount(2);
        Pass(Options.BatchWindow);
        CallCount(3);
        Assert.Equal([20, 20, 5], Store.Calls.Select(call => call.Length));
    }

    [Fact]
    public void A_store_without_batches_gets_single_calls()
    {
        Store.MaxBatchSize = 1;
        Ask("a");
        Ask("b");
        Calls(["martech-a"], ["martech-b"]);
    }

    [Fact]
    public void When_batches_stop_being_allowed_single_calls_go_on()
    {
        Ask("a");
        Ask("b");
        Pass(Options.BatchWindow);
        CallCount(1);
        Store.MaxBatchSize = 1;
        Ask("c");
        Ask("d");
        Calls(["martech-a", "martech-b"], ["martech-c"], ["martech-d"]);
    }

    [Fact]
    public void Without_a_window_every_look_up_is_a_call_of_its_own()
    {
        Options.BatchWindow = TimeSpan.Zero;
        Ask("a");
        Ask("b");
        Calls(["martech-a"], ["martech-b"]);
    }

    [Fact]
    public void At_most_eight_calls_are_open_at_once()
    {
        Options.BatchWindow = TimeSpan.Zero;
        Store.Hold();
        for (var i = 0; i < 30; i++)
            Ask("org" + i);
        CallCount(8);
        Store.Release();
        CallCount(30);
        Assert.Equal(8, Store.MostOpen);
    }

    [Fact]
    public void One_failure_in_a_batch_does_not_fail_the_others()
    {
        Store.Put("martech-good", Text("postgresql://good"));
        Store.Fail("martech-bad", HyperConnErrorCode.AccessDenied);
        Ask("bad");
        Ask("good");
        Pass(Options.BatchWindow);
        Assert.Equal(HyperConnErrorCode.AccessDenied, ExpectMsg<CredentialsMissing>().Reason.Code);
        Assert.Equal("postgresql://good", ExpectMsg<CredentialsFound>().Text);
        CallCount(1);
    }

    [Fact]
    public void A_store_that_throws_still_gets_everybody_an_answer()
    {
        Store.Throws = new InvalidOperationException("postgresql://app:canary@host");
        Ask("a");
        Ask("b");
        Ask("b");
        Pass(Options.BatchWindow);
        for (var i = 0; i < 3; i++)
        {
            var reason = ExpectMsg<CredentialsMissing>().Reason;
            Assert.Equal(HyperConnErrorCode.StoreUnavailable, reason.Code);
            Assert.DoesNotContain("canary", reason.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_store_that_never_answers_is_given_up()
    {
        Store.Hold();
        Ask("a");
        Pass(Options.BatchWindow);
        CallCount(1);
        Pass(TimeSpan.FromSeconds(90));
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, ExpectMsg<CredentialsMissing>().Reason.Code);
        AwaitAssert(() => Assert.Equal(1, Store.Cancelled));
    }

    [Fact]
    public void Stopping_cancels_the_calls_and_answers_who_waits()
    {
        Store.Hold();
        Ask("a");
        Pass(Options.BatchWindow);
        CallCount(1);
        Ask("b");
        Sys.Stop(Fetcher);
        for (var i = 0; i < 2; i++)
            Assert.Equal(HyperConnErrorCode.ShuttingDown, ExpectMsg<CredentialsMissing>().Reason.Code);
        AwaitAssert(() => Assert.Equal(1, Store.Cancelled));
        Assert.False(Store.IsWatched);
    }

    [Fact]
    public void A_name_longer_than_secrets_manager_allows_is_refused_without_a_call()
    {
        var reason = FetchFails(new string('x', 510));
        Assert.Equal(HyperConnErrorCode.InvalidTenant, reason.Code);
        CallCount(0);
    }

    [Fact]
    public void An_absent_key_is_named()
    {
        Store.Put("martech-org1", Text("postgresql://one"));
        var reason = FetchFails("org1", "billing");
        Assert.Equal(HyperConnErrorCode.KeyNotFound, reason.Code);
        Assert.Contains("'billing-postgresql'", reason.Message, StringComparison.Ordinal);
        Assert.Contains("'martech-org1'", reason.Message, StringComparison.Ordinal);
        Assert.Equal(Tenant("org1", "billing"), reason.Tenant);
    }

    [Fact]
    public void A_key_added_later_is_found_soon()
    {
        Store.Put("martech-org1", Text("postgresql://one"));
        FetchFails("org1", "billing");
        Store.Put("martech-org1", """{"core-postgresql":"postgresql://one","billing-postgresql":"postgresql://b"}""", "v2");
        Assert.Equal(HyperConnErrorCode.KeyNotFound, FetchFails("org1", "billing").Code);
        CallCount(1);
        Pass(Options.FailureTimeToLive);
        Assert.Equal("postgresql://b", Fetch("org1", "billing").Text);
        CallCount(2);
    }

    [Fact]
    public void An_absent_key_that_can_not_be_looked_for_now_is_worth_a_call_when_the_failure_ends()
    {
        Store.Put("martech-org1", Text("postgresql://one"));
        FetchFails("org1", "billing");
        Store.Fail("martech-org1", HyperConnErrorCode.AccessDenied);
        Pass(Options.FailureTimeToLive);
        var reason = FetchFails("org1", "billing");
        Assert.Equal((HyperConnErrorCode.KeyNotFound, Clock.GetUtcNow() + Options.FailureTimeToLive), (reason.Code, reason.RetryAt!.Value));
        Assert.Equal(reason, FetchFails("org1", "billing"));
        CallCount(2);
    }
}
