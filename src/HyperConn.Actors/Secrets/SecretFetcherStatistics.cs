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
    int Cached);
