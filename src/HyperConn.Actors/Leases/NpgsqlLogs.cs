using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace HyperConn.Leases;

/// <summary>
/// Loggers for Npgsql, which asks four times in an open and close whether its lines of trace and debug are wanted. Hardly ever they are, and
/// the answer is kept here: with a provider or two each of these questions costs as much as taking a lease.
/// </summary>
/// <remarks>Levels that are lowered while the process runs are noticed at the next <see cref="RefreshLevels"/>, twice a second.</remarks>
internal sealed class NpgsqlLogs(ILoggerFactory inner) : ILoggerFactory
{
    private readonly ConcurrentDictionary<string, Quiet> _loggers = new(StringComparer.Ordinal);

    /// <summary>Asks the loggers behind again what they want.</summary>
    public void RefreshLevels()
    {
        foreach (var (_, logger) in _loggers)
            logger.RefreshLevels();
    }

    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (name, inner) => new Quiet(inner.CreateLogger(name)), inner);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
        // The factory behind belongs to the container.
    }

    private sealed class Quiet : ILogger
    {
        private readonly ILogger _inner;
        private LogLevel _minLevel;

        public Quiet(ILogger inner)
        {
            _inner = inner;
            RefreshLevels();
        }

        // Levels from information upwards are never answered from memory.
        public void RefreshLevels() => _minLevel =
            _inner.IsEnabled(LogLevel.Trace) ? LogLevel.Trace
            : _inner.IsEnabled(LogLevel.Debug) ? LogLevel.Debug
            : LogLevel.Information;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= _minLevel && _inner.IsEnabled(logLevel);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _inner.BeginScope(state);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _inner.Log(logLevel, eventId, state, exception, formatter);
    }
}
