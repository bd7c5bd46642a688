using Akka.Actor;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>The fetcher and the AWS store together, in real time.</summary>
public sealed class FetcherOnTheWireSpecs : Akka.TestKit.Xunit2.TestKit, IAsyncLifetime
{
    private FaultyAwsEndpoint _aws = null!;
    private AwsSecretStore _store = null!;
    private IActorRef _fetcher = null!;

    public async Task InitializeAsync()
    {
        _aws = await FaultyAwsEndpoint.StartAsync();
        _store = new AwsSecretStore(
            new AwsSecretOptions { ServiceUrl = _aws.Url, Region = "eu-west-1", AccessKeyId = "AKID", SecretAccessKey = "key" },
            NullLogger.Instance);
        _fetcher = Sys.ActorOf(SecretFetcher.CreateProps(
            _store, new SecretOptions { BatchWindow = TimeSpan.FromMilliseconds(200) }, "martech", TimeProvider.System, new MonotonicClock(TimeProvider.System), new Random(1), NullLogger.Instance));
    }

    public async Task DisposeAsync()
    {
        await _fetcher.GracefulStop(TimeSpan.FromSeconds(10));
        _store.Dispose();
        await _aws.DisposeAsync();
    }

    [Fact]
    public void Two_hundred_cold_tenants_cost_ten_batches_and_a_refresh_of_them_ten_more()
    {
        Ask(200);
        Assert.Equal((10, 0), (_aws.Count("BatchGetSecretValue"), _aws.Count("GetSecretValue")));
        _fetcher.Tell(RefreshAllSecrets.Instance, TestActor);
        Assert.Equal(new SecretsRefreshed(200, 0, 0, 10), ExpectMsg<SecretsRefreshed>(TimeSpan.FromSeconds(30)));
        Assert.Equal(20, _aws.Count("BatchGetSecretValue"));
    }

    [Fact]
    public void Without_the_permission_for_batches_nobody_notices()
    {
        _aws.Script("BatchGetSecretValue", AwsScripts.Forbid);
        Ask(100);
        Assert.Equal(100, _aws.Count("GetSecretValue"));
        // Those that were out when the first refusal came, and none after it.
        Assert.InRange(_aws.Count("BatchGetSecretValue"), 1, 5);
    }

    private void Ask(int orgs)
    {
        for (var i = 0; i < orgs; i++)
        {
            _aws.Put("martech-org" + i, $$"""{"core-postgresql":"postgresql://{{i}}"}""");
            _fetcher.Tell(new FetchCredentials(TenantKey.Create("core", "org" + i)), TestActor);
        }

        for (var i = 0; i < orgs; i++)
        {
            var found = ExpectMsg<CredentialsFound>(TimeSpan.FromSeconds(30));
            Assert.Equal("postgresql://" + found.Tenant.Org[3..], found.Text);
        }
    }
}
