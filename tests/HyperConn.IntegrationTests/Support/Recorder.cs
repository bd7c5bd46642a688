using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace HyperConn.Tests.Support;

/// <summary>Everything a process lets out: logs of every level, metrics with their tags, spans with theirs.</summary>
internal sealed class Recorder : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _texts = new();
    private readonly ConcurrentDictionary<string, int> _sources = new(StringComparer.Ordinal);
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _spans;

    public Recorder()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name is not ("Npgsql" or "HyperConn"))
                return;
            Add(instrument.Meter.Name, $"{instrument.Name} {instrument.Description} {Describe(instrument.Tags ?? [])}");
            listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<int>(OnMeasured);
        _meters.SetMeasurementEventCallback<long>(OnMeasured);
        _meters.SetMeasurementEventCallback<double>(OnMeasured);
        _meters.Start();
        _spans = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                Add($"span {span.Source.Name}", $"{span.DisplayName} {span.StatusDescription} {Describe(span.TagObjects)}");
                foreach (var happened in span.Events)
                    Add("span event", $"{happened.Name} {Describe(happened.Tags)}");
            },
        };
        ActivitySource.AddActivityListener(_spans);
    }

    public IReadOnlyCollection<string> Texts => _texts;

    /// <summary>Where texts came from, to know that somebody spoke at all.</summary>
    public IReadOnlyCollection<string> Sources => [.. _sources.Keys];

    public void Add(string source, string? text)
    {
        _sources[source] = 0;
        _texts.Enqueue(text ?? "");
    }

    public void Observe() => _meters.RecordObservableInstruments();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        _meters.Dispose();
        _spans.Dispose();
    }

    private void OnMeasured<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state) =>
        Add(instrument.Meter.Name, $"{instrument.Name} {value} {Describe(tags.ToArray())}");

    private static string Describe(IEnumerable<KeyValuePair<string, object?>> tags) =>
        string.Join(' ', tags.Select(tag => $"{tag.Key}={tag.Value}"));

    private sealed class Logger(Recorder recorder, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            recorder.Add(category, state.ToString());
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            recorder.Add(category, formatter(state, exception));
            recorder.Add(category, exception?.ToString());
            if (state is IEnumerable<KeyValuePair<string, object?>> values)
                recorder.Add(category, Describe(values));
        }
    }
}
