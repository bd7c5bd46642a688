using System.Diagnostics.Metrics;

namespace HyperConn.Events;

/// <summary>The events' part of the meter <see cref="HyperConnTelemetry.MeterName"/>. Everything is observed; handling an event pays
/// nothing.</summary>
internal sealed class TenantEventMeter : IDisposable
{
    private readonly Meter _meter;
    private TenantEventWorker? _worker;

    /// <param name="factory">Factory of the container; null: none.</param>
    public TenantEventMeter(IMeterFactory? factory)
    {
        var version = typeof(TenantEventMeter).Assembly.GetName().Version?.ToString(3);
        var options = new MeterOptions(HyperConnTelemetry.MeterName) { Version = version };
        _meter = factory?.Create(options) ?? new Meter(options);
        _meter.CreateObservableCounter(
            "hyperconn.events.ended", Ended, "{event}", "Events that ended, by outcome: handled, duplicate, rejected, handed_back, lost.");
        _meter.CreateObservableCounter(
            "hyperconn.events.retries", () => One(s => s.Retries), "{attempt}", "Attempts at events that failed and were made again.");
        _meter.CreateObservableGauge("hyperconn.events.in_flight", () => One(s => s.InFlight), "{event}", "Events under way.");
        _meter.CreateObservableGauge(
            "hyperconn.events.waiting", () => One(s => s.Waiting), "{event}", "Events read that wait for their turn or a retry.");
        _meter.CreateObservableGauge(
            "hyperconn.events.lag", () => One(s => s.AtSource.Waiting), "{event}", "Events that wait at the source, where it knows.");
        _meter.CreateObservableGauge(
            "hyperconn.events.oldest.age",
            Oldest,
            "s",
            "Age of the oldest event that waits at the source, or where it doesn't know, of the one begun last.");
        _meter.CreateObservableCounter(
            "hyperconn.events.source.faults", () => One(s => s.AtSource.Faults), "{call}", "Calls to the source's service that failed.");
    }

    /// <summary>The meter, for listeners that must tell two workers apart.</summary>
    internal Meter Meter => _meter;

    public void Observe(TenantEventWorker worker) => _worker = worker;

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Of(TenantEventStatistics statistics) => new("hyperconn.source", statistics.Source);

    private IEnumerable<Measurement<long>> Ended()
    {
        if (_worker?.GetStatistics() is not { } s)
            yield break;
        foreach (var (outcome, count) in new[]
        {
            ("handled", s.Handled), ("duplicate", s.Duplicates), ("rejected", s.Rejected), ("handed_back", s.HandedBack), ("lost", s.Lost),
        })
        {
            yield return new Measurement<long>(count, Of(s), new KeyValuePair<string, object?>("hyperconn.outcome", outcome));
        }
    }

    private IEnumerable<Measurement<long>> One(Func<TenantEventStatistics, long?> value) =>
        _worker?.GetStatistics() is { } s && value(s) is { } number ? [new Measurement<long>(number, Of(s))] : [];

    private IEnumerable<Measurement<double>> Oldest()
    {
        if (_worker?.GetStatistics() is not { } s)
            return [];
        var age = s.AtSource.OldestAt is { } made ? DateTimeOffset.UtcNow - made : s.OldestAge;
        return age is { } span ? [new Measurement<double>(Math.Max(0, span.TotalSeconds), Of(s))] : [];
    }
}
