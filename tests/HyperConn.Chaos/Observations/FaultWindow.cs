namespace HyperConn.Chaos.Observations;

/// <summary>A fault that is or was in force.</summary>
/// <param name="Fault">Its name.</param>
/// <param name="What">What exactly it does this time.</param>
/// <param name="Begun">When it began.</param>
/// <param name="Aftermath">How long after its end its errors may still come.</param>
/// <param name="Allowed">The errors it explains.</param>
internal sealed record FaultWindow(string Fault, string What, TimeSpan Begun, TimeSpan Aftermath, IReadOnlyList<Allowance> Allowed)
{
    private long _ended = long.MaxValue;

    /// <summary>When it ended; null: it is in force.</summary>
    public TimeSpan? Ended => Volatile.Read(ref _ended) is var ended && ended == long.MaxValue ? null : TimeSpan.FromTicks(ended);

    public void End(TimeSpan at) => Volatile.Write(ref _ended, at.Ticks);

    /// <summary>Whether it may have touched work that began and ended then.</summary>
    public bool Touches(TimeSpan began, TimeSpan ended) => Begun <= ended && (Ended is not { } end || began <= end + Aftermath);
}
