using System.Collections.Concurrent;

namespace HyperConn.Host.Demo;

/// <summary>Keeps the last warnings and errors, for a view that log lines would tear apart.</summary>
internal sealed class RecentLogs : ILoggerProvider
{
    private const int Kept = 5;
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>The last lines, oldest first.</summary>
    public IReadOnlyList<string> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
    }

    private void Add(LogLevel level, string message)
    {
        _lines.Enqueue($"{DateTime.Now:HH:mm:ss} {(level == LogLevel.Warning ? "warning" : "error")}: {Printable.Line(message)}");
        while (_lines.Count > Kept)
            _lines.TryDequeue(out _);
    }

    private sealed class Logger(RecentLogs logs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                logs.Add(logLevel, formatter(state, exception));
        }
    }
}
