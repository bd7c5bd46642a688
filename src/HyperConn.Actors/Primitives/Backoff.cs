namespace HyperConn.Primitives;

/// <summary>Pauses that double from one failure to the next, each drawn from the upper half of its length.</summary>
internal sealed class Backoff(Jitter jitter, TimeSpan first, TimeSpan longest)
{
    private int _failures;

    /// <summary>Failures in a row.</summary>
    public int Failures => _failures;

    public TimeSpan Next()
    {
        var whole = first * Math.Pow(2, Math.Min(_failures, 30));
        _failures++;
        return jitter.UpperHalf(whole < longest ? whole : longest);
    }

    public void Reset() => _failures = 0;
}
