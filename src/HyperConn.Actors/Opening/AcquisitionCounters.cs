namespace HyperConn.Opening;

/// <summary>Acquisitions since start, but for the hot ones, which the words of the generations count.</summary>
internal sealed class AcquisitionCounters
{
    private long _cold;
    private long _failed;
    private long _probes;
    private long _probed;

    /// <summary>Connections that needed a new pool, a permit or a retry.</summary>
    public long Cold => Volatile.Read(ref _cold);

    /// <summary>Acquisitions that ended with an error.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Idle connections that were asked for a sign of life before they were handed out.</summary>
    public long Probes => Volatile.Read(ref _probes);

    /// <summary>Acquisitions whose idle connection was asked, answered, and was handed out: neither hot nor cold.</summary>
    public long Probed => Volatile.Read(ref _probed);

    public void AddCold() => Interlocked.Increment(ref _cold);

    public void AddFailed() => Interlocked.Increment(ref _failed);

    public void AddProbe() => Interlocked.Increment(ref _probes);

    public void AddProbed() => Interlocked.Increment(ref _probed);
}
