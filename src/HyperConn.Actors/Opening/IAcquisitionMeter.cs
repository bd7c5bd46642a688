namespace HyperConn.Opening;

/// <summary>Where the durations of acquisitions are recorded.</summary>
internal interface IAcquisitionMeter
{
    /// <summary>Whether anybody listens to how long acquisitions take.</summary>
    bool TimesAcquisitions { get; }

    /// <summary>A hot acquisition that was one of the sample.</summary>
    void AcquiredHot(TimeSpan took);

    /// <summary>An acquisition that left the hot path.</summary>
    void AcquiredCold(TimeSpan took);

    /// <summary>An acquisition that failed.</summary>
    void AcquireFailed(TimeSpan took, HyperConnErrorCode code);
}
