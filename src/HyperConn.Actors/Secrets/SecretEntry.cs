using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>What the fetcher knows of one organisation's secret. Plain state: others decide.</summary>
internal sealed class SecretEntry(string org, string name, MonotonicClock clock, Backoff backoff)
{
    private List<FetchWaiter> _waiters = [];
    private List<FetchWaiter>? _laterWaiters;
    private Queue<TimeSpan>? _refetches;
    private TimeSpan _servesUntil;
    private TimeSpan _failureEndsAt;
    private bool _sentForChange;

    public string Org { get; } = org;

    public string Name { get; } = name;

    /// <summary>What serves; null: nothing, or nothing any more.</summary>
    public SecretDocument? Document { get; private set; }

    /// <summary>Version fetched last; outlives <see cref="Document"/>, so that a change is seen after a long outage too.</summary>
    public string? KnownVersion { get; private set; }

    public Moment FetchedAt { get; private set; }

    public Moment StaleAt { get; private set; }

    /// <summary>Failure of the last fetch, also after its time is over; null: it succeeded, or is forgotten.</summary>
    public HyperConnFailure? Failure { get; private set; }

    public FetchState State { get; set; }

    /// <summary>A refresh that is due and wanted; null: none has been since the last fetch.</summary>
    public OverdueRefresh? Overdue { get; set; }

    /// <summary>Place in the queue, while there.</summary>
    public LinkedListNode<SecretEntry>? Place { get; set; }

    /// <summary>Place in the order of use, while it is known.</summary>
    public LinkedListNode<SecretEntry>? Use { get; set; }

    /// <summary>Whether nobody waits for it, nothing is fetched, and no change of it is still to be.</summary>
    public bool IsAtRest => State == FetchState.Idle && !ChangePending;

    /// <summary>Whether the store has announced a change that no fetch has been sent for yet, or none that the store answered.</summary>
    public bool ChangePending { get; set; }

    /// <summary>Fetches, within the last minute, that refused logins asked for and that brought nothing newer.</summary>
    public Queue<TimeSpan> Refetches => _refetches ??= new();

    /// <summary>Whether a refused refetch has been logged since the last one that was let through.</summary>
    public bool LimitReported { get; set; }

    public bool Serves => Document is not null && clock.Now < _servesUntil;

    public bool IsStale => clock.Now >= StaleAt.At;

    /// <summary>The failure that is the answer now, with the time until which it is; null: a fetch may be tried.</summary>
    public HyperConnFailure? ActiveFailure =>
        Failure is not null && _failureEndsAt > clock.Now ? Failure with { RetryAt = clock.ToWallClock(_failureEndsAt) } : null;

    /// <summary>How long the failure is still the answer; zero: there is none.</summary>
    public TimeSpan FailureLeft
    {
        get
        {
            var now = clock.Now;
            return Failure is null || _failureEndsAt <= now ? TimeSpan.Zero : _failureEndsAt - now;
        }
    }

    /// <summary>Rounds that wait for the fetch under way.</summary>
    public IEnumerable<RefreshRound> Rounds => _waiters.OfType<FetchWaiter.Round>().Select(waiter => waiter.Progress);

    public void Accept(SecretDocument document, TimeSpan staleAfter, TimeSpan hardLimit)
    {
        if (KnownVersion is not null && !string.Equals(KnownVersion, document.Version, StringComparison.Ordinal))
            _refetches = null;
        (Document, KnownVersion) = (document, document.Version);
        var now = clock.Now;

        // A hard limit of zero must not make an answer too old before it is given.
        _servesUntil = now + new[] { hardLimit, staleAfter, TimeSpan.FromSeconds(1) }.Max();
        (FetchedAt, StaleAt) = (Moment.Of(clock, now), Moment.Of(clock, now + staleAfter));
        Overdue = null;
        ForgetFailure();
    }

    /// <summary>Remembers a failure: for a fixed time where asking again sooner is of no use, otherwise longer from one to the next.</summary>
    /// <returns>The failure with the time until which it is the answer.</returns>
    public HyperConnFailure Remember(HyperConnFailure failure, TimeSpan fixedTime)
    {
        var isOfStore = failure.Code is HyperConnErrorCode.StoreUnavailable or HyperConnErrorCode.StoreThrottled;
        if (isOfStore && _sentForChange)
            ChangePending = true;
        var passing = isOfStore || Serves;
        if (!passing)
            backoff.Reset();
        _failureEndsAt = clock.Now + (passing ? backoff.Next() : fixedTime);
        return Failure = failure with { RetryAt = clock.ToWallClock(_failureEndsAt) };
    }

    public void ForgetFailure()
    {
        Failure = null;
        backoff.Reset();
    }

    /// <summary>Whether the last failure ended so long ago.</summary>
    public bool FailureEndedBefore(TimeSpan age) => Failure is null || _failureEndsAt + age < clock.Now;

    /// <summary>Stops serving what is cached.</summary>
    public void DropDocument() => Document = null;

    public void Add(FetchWaiter waiter) => _waiters.Add(waiter);

    /// <summary>Adds a waiter for the fetch after the one under way, which may have read the secret before it changed.</summary>
    public void AddLater(FetchWaiter waiter) => (_laterWaiters ??= []).Add(waiter);

    /// <summary>The store is being asked: it will answer with every change announced until now.</summary>
    public void BeginFetch() => (State, _sentForChange, ChangePending) = (FetchState.Sent, ChangePending, false);

    /// <summary>Ends a fetch: who waited for it, and whether another must follow.</summary>
    public (List<FetchWaiter> Waiters, bool Again) End()
    {
        var waiters = _waiters;
        var again = (State == FetchState.Sent && ChangePending) || _laterWaiters is { Count: > 0 };
        (_waiters, _laterWaiters) = (_laterWaiters ?? [], null);
        State = FetchState.Idle;
        return (waiters, again);
    }

    /// <summary>Ends the fetch under way and the one after it.</summary>
    public IEnumerable<FetchWaiter> EndAll() => [.. End().Waiters, .. End().Waiters];
}
