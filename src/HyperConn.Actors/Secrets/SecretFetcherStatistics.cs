namespace HyperConn;

/// <summary>What the secret fetcher has done since start, and what it holds now.</summary>
public sealed record SecretFetcherStatistics
{
    /// <summary>Calls made to the store (a batch counts once).</summary>
    public long StoreCalls { get; init; }

    /// <summary>Of these, batch calls.</summary>
    public long BatchCalls { get; init; }

    /// <summary>Look-ups answered from the cache.</summary>
    public long CacheHits { get; init; }

    /// <summary>Look-ups that joined a call already under way.</summary>
    public long SharedCalls { get; init; }

    /// <summary>Look-ups answered with a failure.</summary>
    public long Failures { get; init; }

    /// <summary>Background and asked-for refreshes.</summary>
    public long Refreshes { get; init; }

    /// <summary>Times the store asked for fewer calls.</summary>
    public long Throttled { get; init; }

    /// <summary>Secrets held now.</summary>
    public int Cached { get; init; }

    /// <summary>
    /// How long the refresh of a secret past its time-to-live has been wanted in vain, for the secret that waits longest; zero: for none.
    /// Secrets nobody uses want no refresh. Past <see cref="SecretOptions.HardLimit"/> a secret no longer serves.
    /// </summary>
    public TimeSpan RefreshOverdue { get; init; }

    /// <summary>The store's circuit, while it is not closed.</summary>
    internal CircuitStatistics? Circuit { get; init; }

    /// <summary>When the store last answered a call, a secret that doesn't exist included; null: never.</summary>
    public DateTimeOffset? LastAnswerAt { get; init; }

    /// <summary>When a call last failed because of the store itself; null: never.</summary>
    public DateTimeOffset? LastStoreFailureAt { get; init; }

    /// <summary>What that failure was.</summary>
    public HyperConnErrorCode? LastStoreFailure { get; init; }
}
