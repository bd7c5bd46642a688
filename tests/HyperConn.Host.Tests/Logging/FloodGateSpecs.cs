using System.Globalization;
using HyperConn.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Logging;

/// <summary>What of a flood of log lines is written, on the real console logger with a formatter that keeps them.</summary>
public sealed class FloodGateSpecs : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly KeptLines _lines = new();
    private readonly ServiceProvider _services;
    private readonly ILogger _logger;

    public FloodGateSpecs()
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_clock);
        services.AddSingleton<ConsoleFormatter>(_lines);
        services.AddLogging(logging =>
        {
            logging.AddHostConsole(new LoggingOptions { Level = "trace" });
            logging.Services.Configure<ConsoleLoggerOptions>(o => o.FormatterName = _lines.Name);
        });
        _services = services.BuildServiceProvider();
        _logger = _services.GetRequiredService<ILoggerFactory>().CreateLogger("HyperConn.Pools");
    }

    public void Dispose() => _services.Dispose();

    [Fact]
    public void A_cause_has_one_line_in_a_minute_and_then_one_with_the_count()
    {
        for (var minute = 0; minute < 2; minute++)
        {
            for (var i = 0; i < 20_000; i++)
                Warn("SecretNotFound", $"org{i}");
            Warn("AccessDenied", "org1");
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        var lines = Take();
        Assert.Equal(6, lines.Count);
        Assert.Equal("Pool org0 can't be made (SecretNotFound)", lines[0]);
        Assert.Equal("Pool org1 can't be made (AccessDenied)", lines[1]);
        Assert.Equal("19999 more lines PoolFailed SecretNotFound within a minute, the last of them: Pool org19999 can't be made (SecretNotFound)", lines[2]);
    }

    [Fact]
    public void What_is_no_fault_has_some_lines_and_what_operators_did_all_of_them()
    {
        for (var i = 0; i < 100; i++)
        {
            var who = i.ToString(CultureInfo.InvariantCulture);
            Log(LogLevel.Information, new EventId(1000, "PoolCreating"), "Creating pool " + who);
            Log(LogLevel.Warning, new EventId(1040, "OperatorCommand"), "pause by " + who);
            Log(LogLevel.Debug, new EventId(1001, "PoolReused"), "Reusing pool " + who);
        }

        _clock.Advance(TimeSpan.FromMinutes(1));

        var lines = Take();
        Assert.Equal(20, lines.Count(line => line.StartsWith("Creating pool", StringComparison.Ordinal)));
        Assert.Equal(100, lines.Count(line => line.StartsWith("pause by", StringComparison.Ordinal)));
        Assert.Equal(100, lines.Count(line => line.StartsWith("Reusing", StringComparison.Ordinal)));
        Assert.Single(lines, line => line.StartsWith("80 more lines PoolCreating", StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_held_back_is_told_at_the_end_too()
    {
        Warn("SecretNotFound", "org1");
        Warn("SecretNotFound", "org2");

        Assert.Equal(2, Take().Count);
    }

    [Fact]
    public void Different_texts_without_a_name_of_their_own_are_different_causes()
    {
        _logger.LogWarning("one fault");
        _logger.LogWarning("another fault");

        Assert.Equal(2, Take().Count);
    }

    private void Log(LogLevel level, EventId id, string text) => _logger.Log(level, id, text, null, static (line, _) => line);

    private void Warn(string code, string org) => _logger.LogWarning(new EventId(1004, "PoolFailed"), "Pool {Tenant} can't be made ({Code})", org, code);

    private List<string> Take()
    {
        _services.Dispose();
        return [.. _lines.Lines];
    }

    private sealed class KeptLines() : ConsoleFormatter("kept")
    {
        public List<string> Lines { get; } = [];

        public override void Write<TState>(in Microsoft.Extensions.Logging.Abstractions.LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
        {
            lock (Lines)
                Lines.Add(logEntry.Formatter(logEntry.State, logEntry.Exception));
        }
    }
}
