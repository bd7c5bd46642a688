namespace HyperConn.Pools;

/// <summary>Callers whose credentials PostgreSQL refused, and who wait to hear whether there are others now. Used by the pool's actor only.</summary>
internal sealed class RefusedCallers
{
    private readonly List<CredentialsRefused> _callers = [];

    public int Count => _callers.Count;

    /// <summary>Whether newer credentials are being fetched for them.</summary>
    public bool IsFetching { get; private set; }

    /// <summary>A caller waits.</summary>
    /// <returns>Whether newer credentials must be fetched for it: not if they are on their way.</returns>
    public bool Add(CredentialsRefused refused)
    {
        _callers.Add(refused);
        if (refused.Expired || IsFetching)
            return false;
        return IsFetching = true;
    }

    /// <summary>Answers all.</summary>
    /// <param name="changed">There are other credentials now.</param>
    /// <param name="fresher">They are the same, but read again: enough for those whose were past their hard limit.</param>
    public void Answer(bool changed, bool fresher = false)
    {
        IsFetching = false;
        foreach (var caller in _callers)
            caller.Promise.TrySetResult(changed || (fresher && caller.Expired));
        _callers.Clear();
    }
}
