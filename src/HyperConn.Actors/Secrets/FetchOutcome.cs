namespace HyperConn.Secrets;

/// <summary>What came of one fetch of a secret.</summary>
/// <param name="Failure">Why it brought nothing to use; null: it did.</param>
/// <param name="Changed">Whether it brought another version than the one known before.</param>
/// <param name="Announcement">What the fetcher's parent is told; null: nothing.</param>
internal sealed record FetchOutcome(HyperConnFailure? Failure, bool Changed, object? Announcement);
