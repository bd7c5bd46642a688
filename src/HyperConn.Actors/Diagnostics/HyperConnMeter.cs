using System.Diagnostics.Metrics;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;

namespace HyperConn.Diagnostics;

/// <summary>
/// The meter: totals are observed from the shared statistics snapshot, so the hot path pays nothing; only durations and sizes are
/// recorded where they happen, on the cold path.
/// </summary>
internal sealed class HyperConnMeter : IAcquisitionMeter, IDisposable
{
    private static readonly KeyValuePair<string, object?> Hot = new(HyperConnTelemetry.TagPath, "hot");
    private static readonly KeyValuePair<string, object?> Probed = new(HyperConnTelemetry.TagPath, "probe");
    private static readonly KeyValuePair<string, object?> Cold = new(HyperConnTelemetry.TagPath, "cold");

    private readonly Meter _meter;
    private readonly Histogram<double> _acquireDuration;
    private readonly Counter<long> _secretCalls;
    private readonly Histogram<double> _secretCallDuration;
    private readonly Histogram<int> _secretBatchSize;

    /// <summary>Makes the meter and registers its instruments.</summary>
    /// <param name="statistics">Where totals come from; null: the observed instruments stay silent.</param>
    /// <param name="options">Whether tenants are labels, and how many.</param>
    /// <param name="factory">Factory of the container, so that two managers in one process don't share a meter.</param>
    public HyperConnMeter(IStatisticsSource? statistics, DiagnosticsOptions options, IMeterFactory? factory = null)
    {
        var meterOptions = new MeterOptions(HyperConnTelemetry.MeterName)
        {
            Version = typeof(HyperConnMeter).Assembly.GetName().Version?.ToString(3),
        };
        _meter = factory?.Create(meterOptions) ?? new Meter(meterOptions);
        double[] seconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];
        _acquireDuration = _meter.CreateHistogram(
            "hyperconn.acquire.duration",
            "s",
            $"Time to get a connection. Every cold acquisition and every one that asked an idle connection first (probe); of hot ones a sample of 1 in {LeaseWord.SampleEvery}.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = seconds });
        _secretCalls = _meter.CreateCounter<long>("hyperconn.secret.calls", "{call}", "Calls made to the secret store, by outcome.");
        _secretCallDuration = _meter.CreateHistogram(
            "hyperconn.secret.call.duration",
            "s",
            "Time one call of the secret store took.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = seconds });
        _secretBatchSize = _meter.CreateHistogram(
            "hyperconn.secret.batch.size",
            "{secret}",
            "Secrets asked for in one call.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 15, 20] });
        _ = new ObservedInstruments(_meter, statistics, options);
    }

    /// <summary>The meter, for listeners that must tell two managers apart.</summary>
    internal Meter Meter => _meter;

    /// <summary>Whether anybody listens to how long acquisitions take.</summary>
    public bool TimesAcquisitions => _acquireDuration.Enabled;

    /// <summary>Records a hot acquisition that was one of the sample (<see cref="LeaseWord.IsSample"/>).</summary>
    public void AcquiredHot(TimeSpan took) => _acquireDuration.Record(took.TotalSeconds, Hot);

    /// <summary>Records a cold acquisition.</summary>
    public void AcquiredCold(TimeSpan took) => _acquireDuration.Record(took.TotalSeconds, Cold);

    /// <summary>Records an acquisition whose idle connection was asked first.</summary>
    public void AcquiredProbed(TimeSpan took) => _acquireDuration.Record(took.TotalSeconds, Probed);

    /// <summary>Records an acquisition that failed.</summary>
    public void AcquireFailed(TimeSpan took, HyperConnErrorCode code) =>
        _acquireDuration.Record(took.TotalSeconds, Cold, new KeyValuePair<string, object?>("error.type", code.ToString()));

    /// <summary>Records one call of the secret store.</summary>
    /// <param name="outcome">Null: answered; otherwise the failure of the call as a whole.</param>
    /// <param name="secrets">Secrets asked for.</param>
    /// <param name="took">How long it took.</param>
    public void SecretCall(HyperConnErrorCode? outcome, int secrets, TimeSpan took)
    {
        var tag = new KeyValuePair<string, object?>(HyperConnTelemetry.TagOutcome, outcome is { } code ? SnakeCase.Of(code) : "ok");
        _secretCalls.Add(1, tag);
        _secretCallDuration.Record(took.TotalSeconds, tag);
        _secretBatchSize.Record(secrets);
    }

    public void Dispose() => _meter.Dispose();
}
