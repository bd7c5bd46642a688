using HyperConn.Secrets;

namespace HyperConn.Tests;

/// <summary>No password shows in what the fetcher says to anybody but in the one property made for it.</summary>
public sealed class SecretCanarySpecs : SecretFetcherSpec
{
    private const string Canary = "c4n4ry-p4ssw0rd";

    [Fact]
    public void No_secret_shows_in_logs_messages_or_their_text()
    {
        var heard = new List<object>();
        Store.Put("martech-good", Text($"postgresql://app:{Canary}@db/core"), "v1");
        Store.Put("martech-object", $$$"""{"core-postgresql":{"host":"db","username":"app","password":"{{{Canary}}}"}}""");
        Store.Put("martech-rds", $$"""{"host":"db","username":"app","password":"{{Canary}}"}""");
        Store.Put("martech-broken", $$"""{"core-postgresql":"postgresql://app:{{Canary}}@db/core" """);
        Store.Put("martech-array", $"[\"{Canary}\"]");
        Store.Put("martech-entry", $$"""{"core-postgresql":["{{Canary}}"]}""");
        foreach (var org in new[] { "good", "object", "rds", "broken", "array", "entry" })
            Ask(org);
        Pass(Options.BatchWindow);
        heard.AddRange(ReceiveN(6));

        Store.Put("martech-good", $"not json {Canary}", "v2");
        Say(new RefreshSecret("good"));
        Pass(Options.BatchWindow);
        heard.Add(ExpectMsg<SecretRefreshed>());
        heard.Add(Parent.ExpectMsg<SecretRefreshFailed>());
        Store.Put("martech-good", Text($"postgresql://app:{Canary}2@db/core"), "v3");
        Say(RefreshAllSecrets.Instance);
        heard.Add(ExpectMsg<SecretsRefreshed>());
        heard.Add(Parent.ExpectMsg<SecretChanged>());
        Store.Throws = new InvalidOperationException($"boom {Canary}", new FormatException(Canary));
        Ask("thrown");
        Pass(Options.BatchWindow);
        heard.Add(ExpectMsg<CredentialsMissing>());
        heard.Add(Statistics());

        Assert.Equal(3, heard.OfType<CredentialsFound>().Count(found => found.Text.Contains(Canary, StringComparison.Ordinal)));
        Assert.All(heard, message => Assert.DoesNotContain(Canary, message.ToString(), StringComparison.Ordinal));
        Assert.All(heard.OfType<CredentialsMissing>(), missing =>
            Assert.DoesNotContain(Canary, new HyperConnException(missing.Reason).ToString(), StringComparison.Ordinal));
        Assert.NotEmpty(Lines.Lines);
        Assert.All(Lines.Lines, line => Assert.DoesNotContain(Canary, line.Text, StringComparison.Ordinal));
        Assert.DoesNotContain(Canary, new SecretResult.Found(Canary, "v1").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_that_come_after_the_end_show_no_secret_in_the_dead_letters()
    {
        var dead = CreateTestProbe();
        Sys.EventStream.Subscribe(dead.Ref, typeof(Akka.Event.AllDeadLetters));
        Store.Put("martech-org1", Text($"postgresql://app:{Canary}@db/core"));
        var gone = Sys.DeadLetters;
        Fetcher.Tell(new FetchCredentials(Tenant("org1")), gone);
        Statistics();
        Pass(Options.BatchWindow);
        Assert.DoesNotContain(Canary, dead.ExpectMsg<Akka.Event.AllDeadLetters>().ToString(), StringComparison.Ordinal);
    }
}
