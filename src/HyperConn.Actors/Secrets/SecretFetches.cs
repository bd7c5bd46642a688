using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>Puts secrets in the queue of calls: for a look-up, for a refresh that somebody asked for, or in the background.</summary>
internal sealed class SecretFetches(StoreCalls calls, PendingChanges changes, SecretAnswers answers, MonotonicClock clock)
{
    /// <summary>Look-ups that joined a fetch already wanted.</summary>
    public long Shared { get; private set; }

    /// <summary>Fetches of secrets known before.</summary>
    public long Refreshes { get; private set; }

    /// <summary>Gives a look-up its answer from the fetch under way, or from a new one; while the store is down, at once.</summary>
    public void Join(SecretEntry entry, FetchWaiter.Lookup waiter)
    {
        if (entry.State == FetchState.Idle)
        {
            if (!calls.Gate.MaySend)
            {
                answers.Answer(waiter, entry, StoreIsDown());
                return;
            }

            entry.Add(waiter);
            calls.Add(entry, urgent: true);
            return;
        }

        Shared++;
        entry.Add(waiter);
        if (entry.State == FetchState.Queued)
            calls.Promote(entry);
    }

    /// <summary>Fetches what the secret is from now on: a call already sent may have read what it was.</summary>
    public void FetchAfresh(SecretEntry entry, FetchWaiter waiter, bool urgent)
    {
        Refreshes++;
        if (entry.State == FetchState.Sent)
        {
            entry.AddLater(waiter);
            return;
        }

        entry.Add(waiter);
        if (entry.State == FetchState.Idle)
            calls.Add(entry, urgent);
        else if (urgent)
            calls.Promote(entry);
    }

    /// <summary>Refreshes a secret past its time because somebody uses it.</summary>
    public void RefreshForUse(SecretEntry entry)
    {
        (entry.Overdue ??= new OverdueRefresh()).Want(clock);
        RefreshInBackground(entry);
    }

    /// <summary>Fetches a secret that nobody waits for, unless that is under way or has failed a moment ago.</summary>
    public void RefreshInBackground(SecretEntry entry)
    {
        if (entry.State != FetchState.Idle || entry.ActiveFailure is not null || !calls.Gate.MaySend)
            return;
        Refreshes++;
        calls.Add(entry, urgent: false);
    }

    /// <summary>Fetches secrets that changed, as far as the store may be asked for them now.</summary>
    /// <param name="evenAfterFailure">Also those whose last fetch failed a moment ago: the store is back.</param>
    public void FetchChanges(bool evenAfterFailure = false)
    {
        foreach (var entry in changes.TakeDue(evenAfterFailure))
            RefreshInBackground(entry);
    }

    /// <summary>Answers those who wait in the queue of a store that turned out to be down.</summary>
    public void RefuseUnsendable()
    {
        foreach (var entry in calls.TakeUnsendable())
            foreach (var waiter in entry.EndAll())
                answers.Answer(waiter, entry, StoreIsDown());
    }

    /// <summary>How it went until now.</summary>
    /// <param name="cache">The secrets.</param>
    /// <param name="cacheHits">Look-ups that needed no fetch.</param>
    public SecretFetcherStatistics Statistics(SecretCache cache, long cacheHits) => new()
    {
        StoreCalls = calls.Begun,
        BatchCalls = calls.Batches,
        CacheHits = cacheHits,
        SharedCalls = Shared,
        Failures = answers.Refused,
        Refreshes = Refreshes,
        Throttled = calls.Throttled,
        Cached = cache.Entries.Count(entry => entry.Document is not null),
        RefreshOverdue = cache.Entries.Max(entry => entry.Overdue?.Length(clock)) ?? TimeSpan.Zero,
        Circuit = calls.Gate.Circuit,
    };

    private FetchOutcome StoreIsDown() => new(calls.Gate.Refusal, false, null);
}
