namespace HyperConn;

/// <summary>What the secret fetcher has done since start, and what it holds now.</summary>
/// <param name="StoreCalls">Calls made to the store (a batch counts once).</param>
/// <param name="BatchCalls">Of these, batch calls.</param>
/// <param name="CacheHits">Look-ups answered from the cache.</param>
/// <param name="SharedCalls">Look-ups that joined a call already under way.</param>
/// <param name="Failures">Look-ups answered with a failure.</param>
/// <param name="Refreshes">Background and asked-for refreshes.</param>
/// <param name="Throttled">Times the store asked for fewer calls.</param>
/// <param name="Cached">Secrets held now.</param>
public sealed record SecretFetcherStatistics(
    long StoreCalls,
    long BatchCalls,
    long CacheHits,
    long SharedCalls,
    long Failures,
    long Refreshes,
    long Throttled,
    int Cached)
{
    /// <summary>The store's circuit, while it is not closed.</summary>
    internal CircuitStatistics? Circuit { get; init; }

    /// <summary>When the store last answered a call, a secret that doesn't exist included; null: never.</summary>
    public DateTimeOffset? LastAnswerAt { get; init; }

    /// <summary>When a call last failed because of the store itself; null: never.</summary>
    public DateTimeOffset? LastStoreFailureAt { get; init; }

    /// <summary>What that failure was.</summary>
    public HyperConnErrorCode? LastStoreFailure { get; init; }
}
