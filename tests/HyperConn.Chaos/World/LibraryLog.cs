using System.Collections.Concurrent;
using HyperConn.Chaos.Observations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Chaos.World;

/// <summary>Counts what the library and its actors log, and passes them on.</summary>
internal sealed class LibraryLog(Action<LogLine> saw) : ILoggerProvider
{
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>Lines by the name of their event.</summary>
    public IReadOnlyDictionary<string, int> Counts => _counts;

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith("HyperConn", StringComparison.Ordinal) ? new Sink(this, null)
        : categoryName.StartsWith("Akka", StringComparison.Ordinal) ? new Sink(this, "Akka")
        : NullLogger.Instance;

    public void Dispose()
    {
    }

    private void Add(string name, bool isError, string text)
    {
        _counts.AddOrUpdate(name, 1, (_, count) => count + 1);
        saw(new LogLine(name, isError, text));
    }

    private sealed class Sink(LibraryLog log, string? name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.Add(name ?? eventId.Name ?? $"{eventId.Id}", logLevel >= LogLevel.Error, $"{formatter(state, exception)} {exception}");
        }
    }
}
