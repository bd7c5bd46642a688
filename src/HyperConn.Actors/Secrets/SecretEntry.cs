using Akka.Actor;
using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>How far the fetch of a secret has come.</summary>
internal enum FetchState
{
    /// <summary>None is wanted.</summary>
    Idle,

    /// <summary>Waits for its batch.</summary>
    Queued,

    /// <summary>The store has been asked.</summary>
    Sent,
}

/// <summary>Somebody who gets an answer when a fetch ends.</summary>
internal abstract record FetchWaiter
{
    internal sealed record Lookup(IActorRef ReplyTo, TenantKey Tenant) : FetchWaiter;

    internal sealed record Refresh(IActorRef ReplyTo) : FetchWaiter;

    internal sealed record Round(RefreshRound Progress) : FetchWaiter;
}

/// <summary>One refresh of everything.</summary>
internal sealed class RefreshRound(IActorRef replyTo, int secrets)
{
    public IActorRef ReplyTo { get; } = replyTo;

    public int Secrets { get; } = secrets;

    public int Left { get; set; } = secrets;

    public int Changed { get; set; }

    public int Failed { get; set; }

    public int StoreCalls { get; set; }
}

/// <summary>What the fetcher knows of one organisation's secret. Plain state: the actor decides.</summary>
internal sealed class SecretEntry(string org, string name, Backoff backoff)
{
    private List<FetchWaiter> _waiters = [];
    private List<FetchWaiter>? _later;
    private Queue<DateTimeOffset>? _refetches;

    public string Org { get; } = org;

    public string Name { get; } = name;

    /// <summary>What serves; null: nothing, or nothing any more.</summary>
    public SecretDocument? Document { get; private set; }

    /// <summary>Version fetched last; outlives <see cref="Document"/>, so that a change is seen after a long outage too.</summary>
    public string? KnownVersion { get; private set; }

    public DateTimeOffset FetchedAt { get; private set; }

    public DateTimeOffset StaleAt { get; private set; }

    public DateTimeOffset DeadAt { get; private set; }

    /// <summary>Failure of the last fetch, with the time until which it is the answer.</summary>
    public HyperConnFailure? Failure { get; private set; }

    public FetchState State { get; set; }

    /// <summary>A refresh that is due and wanted; null: none has been since the last fetch.</summary>
    public OverdueRefresh? Overdue { get; set; }

    /// <summary>Place in the queue, while there.</summary>
    public LinkedListNode<SecretEntry>? Place { get; set; }

    /// <summary>Times of the fetches that refused logins asked for, within the last minute.</summary>
    public Queue<DateTimeOffset> Refetches => _refetches ??= new();

    /// <summary>Whether a refused refetch has been logged since the last one that was let through.</summary>
    public bool LimitReported { get; set; }

    public bool Serves(DateTimeOffset now) => Document is not null && now < DeadAt;

    public bool IsStale(DateTimeOffset now) => now >= StaleAt;

    /// <summary>The remembered failure, while it is the answer.</summary>
    public HyperConnFailure? FailureAt(DateTimeOffset now) => Failure?.RetryAt > now ? Failure : null;

    public void Accept(SecretDocument document, DateTimeOffset now, TimeSpan staleAfter, TimeSpan deadAfter)
    {
        (Document, KnownVersion) = (document, document.Version);
        // A hard limit of zero must not make an answer too old before it is given.
        deadAfter = new[] { deadAfter, staleAfter, TimeSpan.FromSeconds(1) }.Max();
        (FetchedAt, StaleAt, DeadAt) = (now, now + staleAfter, now + deadAfter);
        Overdue = null;
        ForgetFailure();
    }

    /// <summary>Remembers a failure: for a fixed time where asking sooner is of no use, otherwise longer from one to the next.</summary>
    public HyperConnFailure Remember(HyperConnFailure failure, DateTimeOffset now, TimeSpan fixedTime)
    {
        var passing = failure.Code is HyperConnErrorCode.StoreUnavailable or HyperConnErrorCode.StoreThrottled || Serves(now);
        if (!passing)
            backoff.Reset();
        return Failure = failure with { RetryAt = now + (passing ? backoff.Next() : fixedTime) };
    }

    public void ForgetFailure()
    {
        Failure = null;
        backoff.Reset();
    }

    /// <summary>Stops serving what is cached.</summary>
    public void DropDocument() => Document = null;

    public void Add(FetchWaiter waiter) => _waiters.Add(waiter);

    /// <summary>Adds a waiter for the fetch after the one under way, which may have read the secret before it changed.</summary>
    public void AddLater(FetchWaiter waiter) => (_later ??= []).Add(waiter);

    /// <summary>Wants one more fetch after the one under way, for nobody's sake in particular.</summary>
    public bool Again { get; set; }

    /// <summary>Ends a fetch: who waited for it, and whether another must follow.</summary>
    public (List<FetchWaiter> Waiters, bool Again) End()
    {
        var waiters = _waiters;
        var again = Again || _later is { Count: > 0 };
        (_waiters, _later) = (_later ?? [], null);
        (State, Again) = (FetchState.Idle, false);
        return (waiters, again);
    }

    /// <summary>Ends everything, at stop.</summary>
    public IEnumerable<FetchWaiter> EndAll() => [.. End().Waiters, .. End().Waiters];

    /// <summary>Rounds that wait for the fetch under way.</summary>
    public IEnumerable<RefreshRound> Rounds => _waiters.OfType<FetchWaiter.Round>().Select(waiter => waiter.Progress);
}
