using Akka.Actor;
using HyperConn.Primitives;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>Answers those who asked the fetcher: from what is cached now, or with why nothing is.</summary>
internal sealed class SecretAnswers(SecretOptions options, MonotonicClock clock, ILogger logger)
{
    /// <summary>Look-ups refused so far.</summary>
    public long Refused { get; private set; }

    public static HyperConnFailure ImpossibleName() => new(
        HyperConnErrorCode.InvalidTenant,
        $"The organisation can't have a secret: '<project>-<org>' must be at most {TenantKey.MaxSecretNameLength} characters of "
        + "A-Z a-z 0-9 / _ + = . @ -, as AWS Secrets Manager wants it.");

    /// <summary>Answers one who waited.</summary>
    /// <param name="waiter">Who.</param>
    /// <param name="entry">The secret.</param>
    /// <param name="outcome">What the fetch brought; null: there was none, and the cache is the answer.</param>
    public void Answer(FetchWaiter waiter, SecretEntry entry, FetchOutcome? outcome = null)
    {
        switch (waiter)
        {
            case FetchWaiter.Lookup lookup when entry.Serves:
                AnswerFromCache(lookup, entry);
                break;
            case FetchWaiter.Lookup lookup:
                Refuse(lookup.ReplyTo, lookup.Tenant, outcome?.Failure ?? entry.Failure ?? OutOfDate());
                break;
            case FetchWaiter.Refresh refresh:
                refresh.ReplyTo.Tell(new SecretRefreshed(entry.Org, entry.Serves ? entry.KnownVersion : null, outcome?.Failure));
                break;
            case FetchWaiter.Round round:
                Count(round.Progress, outcome);
                break;
        }
    }

    public void Refuse(IActorRef replyTo, TenantKey tenant, HyperConnFailure failure)
    {
        Refused++;
        replyTo.Tell(new CredentialsMissing(tenant, failure with { Tenant = tenant }));
    }

    private static HyperConnFailure OutOfDate() =>
        new(HyperConnErrorCode.StoreUnavailable, "What is known of the secret is past its hard limit, and nothing newer has been fetched.");

    private void AnswerFromCache(FetchWaiter.Lookup lookup, SecretEntry entry)
    {
        var tenant = lookup.Tenant;
        if (entry.Document!.Find(tenant.Service, out var text, out var version) is { } missing)
        {
            Refuse(lookup.ReplyTo, tenant, missing with { RetryAt = clock.ToWallClock(RetryKeyAt(entry)) });
            return;
        }

        var setback = entry.Document.SetbackOf(tenant.Service) ?? entry.Failure;
        lookup.ReplyTo.Tell(new CredentialsFound(tenant, text, version, entry.FetchedAt, entry.StaleAt)
        {
            Setback = setback is null ? null : setback with { Tenant = tenant },
        });
    }

    private TimeSpan RetryKeyAt(SecretEntry entry)
    {
        var at = entry.FetchedAt.At + options.FailureTimeToLive;
        var failureEndsAt = clock.Now + entry.FailureLeft;
        return failureEndsAt > at ? failureEndsAt : at;
    }

    private void Count(RefreshRound round, FetchOutcome? outcome)
    {
        round.Left--;
        round.Changed += outcome is { Changed: true } ? 1 : 0;
        round.Failed += outcome?.Failure is null ? 0 : 1;
        if (round.Left > 0)
            return;
        SecretLog.AllRefreshed(logger, round.Secrets, round.StoreCalls, round.Changed, round.Failed);
        round.ReplyTo.Tell(new SecretsRefreshed(round.Secrets, round.Changed, round.Failed, round.StoreCalls));
    }
}
