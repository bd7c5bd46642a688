using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace HyperConn.Tests;

/// <summary>Keeps what was logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    private readonly ConcurrentQueue<(EventId Event, string Text)> _lines = new();

    public IReadOnlyList<(EventId Event, string Text)> Lines => [.. _lines];

    public IReadOnlyList<int> EventIds => [.. _lines.Select(line => line.Event.Id)];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((eventId, $"{formatter(state, exception)} {exception}"));
}
