namespace HyperConn.Secrets;

/// <summary>When the secret store last answered and last failed. Thread-safe.</summary>
internal sealed class StoreHealth
{
    private readonly Lock _lock = new();
    private DateTimeOffset? _answered;
    private DateTimeOffset? _failed;
    private HyperConnErrorCode? _code;

    public void Answered(DateTimeOffset at)
    {
        lock (_lock)
            _answered = at;
    }

    public void Failed(DateTimeOffset at, HyperConnErrorCode code)
    {
        lock (_lock)
            (_failed, _code) = (at, code);
    }

    public SecretFetcherStatistics AddTo(SecretFetcherStatistics statistics)
    {
        lock (_lock)
            return statistics with { LastAnswerAt = _answered, LastStoreFailureAt = _failed, LastStoreFailure = _code };
    }
}
