using HyperConn.Leases;
using Microsoft.Extensions.Logging;

namespace HyperConn.Tests.Diagnostics;

public sealed class NpgsqlLogsSpecs : IDisposable
{
    private readonly Levels _levels = new();

    public void Dispose() => _levels.Dispose();

    [Fact]
    public void Fine_levels_are_asked_for_once_and_again_when_looked_at()
    {
        using var logs = new NpgsqlLogs(_levels);
        var logger = logs.CreateLogger("Npgsql.Connection");
        var asked = _levels.Asked;
        Assert.False(logger.IsEnabled(LogLevel.Trace));
        Assert.False(logger.IsEnabled(LogLevel.Debug));
        Assert.Equal(asked, _levels.Asked);

        _levels.Least = LogLevel.Debug;
        Assert.False(logger.IsEnabled(LogLevel.Debug));
        logs.RefreshLevels();
        Assert.True(logger.IsEnabled(LogLevel.Debug));
        Assert.False(logger.IsEnabled(LogLevel.Trace));

        _levels.Least = LogLevel.Trace;
        logs.RefreshLevels();
        Assert.True(logger.IsEnabled(LogLevel.Trace));
    }

    [Theory]
    [InlineData(LogLevel.Information)]
    [InlineData(LogLevel.Warning)]
    [InlineData(LogLevel.Error)]
    public void Other_levels_are_asked_for_each_time(LogLevel level)
    {
        using var logs = new NpgsqlLogs(_levels);
        var logger = logs.CreateLogger("Npgsql.Command");
        _levels.Least = LogLevel.Critical;
        Assert.False(logger.IsEnabled(level));
        _levels.Least = level;
        Assert.True(logger.IsEnabled(level));
    }

    [Fact]
    public void Data_sources_of_thousands_of_tenants_share_their_loggers()
    {
        using var logs = new NpgsqlLogs(_levels);
        Assert.Same(logs.CreateLogger("Npgsql.Connection"), logs.CreateLogger("Npgsql.Connection"));
    }

    private sealed class Levels : ILoggerFactory, ILogger
    {
        public LogLevel Least { get; set; } = LogLevel.Information;

        public int Asked { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel)
        {
            Asked++;
            return logLevel >= Least;
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}
