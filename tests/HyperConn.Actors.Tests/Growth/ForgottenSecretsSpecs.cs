using System.Globalization;
using Akka.Actor;
using HyperConn.Secrets;

namespace HyperConn.Tests.Growth;

/// <summary>The fetcher asks its parent before it forgets.</summary>
public sealed class ForgottenSecretsSpecs : SecretFetcherSpec
{
    [Fact]
    public void Of_those_asked_for_longest_ago_the_ones_without_a_pool_are_forgotten_and_read_again()
    {
        Store.Put("martech-live", Text("postgresql://live"));
        Store.Put("martech-gone", Text("postgresql://gone"));
        Fetch("live");
        Fetch("gone");
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Ask("a");
        Ask("b");
        Pass(Options.BatchWindow);
        ReceiveN(2);

        // While the store is down each is answered at once.
        for (var i = 0; i < SecretCache.Most; i++)
            Fetcher.Tell(new FetchCredentials(Tenant("org" + i.ToString(CultureInfo.InvariantCulture))), ActorRefs.NoSender);
        var unused = Parent.FishForMessage<SecretsUnused>(_ => true);
        Assert.Equal(SecretCache.GoAtOnce, unused.Orgs.Count);
        Assert.Equal(["live", "gone"], unused.Orgs.Take(2));
        Fetcher.Tell(new ForgetSecrets([.. unused.Orgs.Skip(1)]), Parent.Ref);

        Ask("live");
        Assert.Equal("postgresql://live", ExpectMsg<CredentialsFound>().Text);
        Ask("gone");
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, ExpectMsg<CredentialsMissing>().Reason.Code);
        Store.FailAll(null);
        Pass(TimeSpan.FromMinutes(2));
        Assert.Equal("postgresql://gone", Fetch("gone").Text);
    }
}
