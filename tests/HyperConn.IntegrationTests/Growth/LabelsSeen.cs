using System.Diagnostics.Metrics;
using HyperConn.Diagnostics;
using HyperConn.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.Tests.Integration;

/// <summary>The organisations that metrics were ever labelled with.</summary>
internal sealed class LabelsSeen : IDisposable
{
    private readonly HashSet<string> _orgs = [];
    private readonly MeterListener _listener = new();
    private readonly IStatisticsSource _statistics;

    public LabelsSeen(PoolsHost host)
    {
        _statistics = host.Services.GetRequiredService<IStatisticsSource>();
        var meter = host.Services.GetRequiredService<HyperConnMeter>().Meter;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == meter)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Note(tags));
        _listener.SetMeasurementEventCallback<int>((_, _, tags, _) => Note(tags));
        _listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Note(tags));
        _listener.Start();
    }

    /// <summary>Reads the metrics as an exporter does.</summary>
    /// <returns>How many different ones there were so far.</returns>
    public async Task<int> CollectAsync()
    {
        await _statistics.GetAsync();
        _listener.RecordObservableInstruments();
        lock (_orgs)
            return _orgs.Count;
    }

    public void Dispose() => _listener.Dispose();

    private void Note(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (name, value) in tags)
        {
            if (name != HyperConnTelemetry.TagOrg || value is not string org)
                continue;
            lock (_orgs)
                _orgs.Add(org);
        }
    }
}
