using HyperConn.Secrets;

namespace HyperConn.Tests.Secrets;

/// <summary>A refused login asks for newer credentials, and what it gets where there are none.</summary>
public sealed class SecretRefetchSpecs : SecretFetcherSpec
{
    [Fact]
    public void A_secret_not_known_any_more_is_fetched()
    {
        Store.Put("martech-org1", Text("postgresql://one"), "v2");
        Refetch();
        Assert.Equal("v2", ExpectMsg<CredentialsFound>().VersionId);
        CallCount(1);
    }

    [Fact]
    public void While_the_last_failure_lasts_it_is_the_answer()
    {
        var failure = FetchFails("org1");
        Refetch();
        Assert.Equal(failure, ExpectMsg<CredentialsMissing>().Reason);
        CallCount(1);
    }

    [Fact]
    public void While_a_failed_refresh_lasts_the_cached_version_is_the_answer()
    {
        Store.Put("martech-org1", Text("postgresql://one"), "v1");
        Fetch("org1");
        Store.Fail("martech-org1", HyperConnErrorCode.AccessDenied);
        for (var i = 0; i < 2; i++)
        {
            Refetch();
            var found = ExpectMsg<CredentialsFound>();
            Assert.Equal(("v1", HyperConnErrorCode.AccessDenied), (found.VersionId, found.Setback!.Code));
        }

        CallCount(2);
    }

    [Fact]
    public void An_entry_that_is_gone_is_looked_for_a_few_times_a_minute()
    {
        Store.Put("martech-org1", Text("postgresql://one"), "v1");
        Fetch("org1");
        for (var i = 0; i < Options.MaxRefetchesPerMinute + 2; i++)
        {
            Refetch("billing");
            Assert.Equal(HyperConnErrorCode.KeyNotFound, ExpectMsg<CredentialsMissing>().Reason.Code);
        }

        CallCount(1 + Options.MaxRefetchesPerMinute);
        Assert.Equal(0, Statistics().CacheHits);
    }

    private void Refetch(string service = "core")
    {
        Say(new RefetchCredentials(Tenant("org1", service), "v1"));
        Pass(Options.BatchWindow);
    }
}
