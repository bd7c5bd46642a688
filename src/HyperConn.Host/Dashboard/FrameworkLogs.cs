using System.Text.RegularExpressions;

namespace HyperConn.Host;

/// <summary>
/// Passes on what the web framework logs, without the query strings: somebody may have put the token into one, and the framework would
/// write it down with each request.
/// </summary>
internal sealed partial class FrameworkLogs(ILoggerFactory logs) : ILoggerFactory
{
    private const string Framework = "Microsoft.";

    public ILogger CreateLogger(string categoryName)
    {
        var logger = logs.CreateLogger(categoryName);
        return categoryName.StartsWith(Framework, StringComparison.Ordinal) ? new WithoutQueries(logger) : logger;
    }

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
        // The host's own, not ours.
    }

    [GeneratedRegex(@"\?[^\s'""]*")]
    private static partial Regex Query();

    private sealed class WithoutQueries(ILogger logger) : ILogger
    {
        // Scopes and the values of a message hold the path as it came.
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            var text = formatter(state, exception);
            if (exception is not null)
                text = $"{text} {exception}";
            text = Query().Replace(text, "?...");
            logger.Log(logLevel, eventId, text, null, static (message, _) => message);
        }
    }
}
