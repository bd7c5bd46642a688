using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Secrets;

/// <summary>What a look-up hears when a secret serves no more and nothing newer has come.</summary>
public sealed class SecretAnswersSpecs : Akka.TestKit.Xunit2.TestKit
{
    [Fact]
    public void The_fetchs_failure_goes_before_the_last_known_one_and_without_either_it_is_out_of_date()
    {
        var clock = new MonotonicClock(new FakeTimeProvider());
        var answers = new SecretAnswers(new SecretOptions(), clock, new RecordingLogger());
        var backoff = new Backoff(new Jitter(new FixedRandom(1)), TimeSpan.FromSeconds(5), StoreGate.MaxPause);
        var entry = new SecretEntry("org1", "martech-org1", clock, backoff);
        var lookup = new FetchWaiter.Lookup(TestActor, TenantKey.Create("core", "org1"));

        Assert.Contains("past its hard limit", Answer(null).Message, StringComparison.Ordinal);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, Answer(new FetchOutcome(null, false, null)).Code);
        entry.Remember(new HyperConnFailure(HyperConnErrorCode.AccessDenied, "No."), TimeSpan.FromSeconds(5));
        Assert.Equal(HyperConnErrorCode.AccessDenied, Answer(null).Code);
        var throttled = new HyperConnFailure(HyperConnErrorCode.StoreThrottled, "No.");
        Assert.Equal(throttled with { Tenant = lookup.Tenant }, Answer(new FetchOutcome(throttled, false, null)));
        Assert.Equal(4, answers.Refused);

        HyperConnFailure Answer(FetchOutcome? outcome)
        {
            answers.Answer(lookup, entry, outcome);
            return ExpectMsg<CredentialsMissing>().Reason;
        }
    }
}
