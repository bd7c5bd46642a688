using Microsoft.Extensions.Logging.Console;

namespace HyperConn.Host;

/// <summary>
/// Lets one line of each cause through in a minute and counts the rest, so that a fault that meets thousands of tenants fills no disk.
/// Lines that are no fault are let through in some number, what operators did always; from debug on everything is.
/// </summary>
[ProviderAlias("Console")]
internal sealed partial class FloodGate : ILoggerProvider, ISupportExternalScope
{
    private const int MostNotices = 20;
    private const int MostCauses = 1_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    // What was done by whom is kept whole.
    private static readonly HashSet<string> Audit = new(["OperatorCommand", "DashboardAction"], StringComparer.Ordinal);

    // Values of a message that tell one cause from another; the others name who it met.
    private static readonly HashSet<string> OfCause = new(["Code", "Cause", "Server", "Path", "ExceptionType", "Worker", "Fault"], StringComparer.Ordinal);

    private readonly ConsoleLoggerProvider _console;
    private readonly ILogger _own;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private Dictionary<(string Event, LogLevel Level, string Cause), Held> _causes = [];

    /// <param name="console">Where lines go.</param>
    /// <param name="clock">The time.</param>
    public FloodGate(ConsoleLoggerProvider console, TimeProvider clock)
    {
        _console = console;
        _own = console.CreateLogger(typeof(FloodGate).FullName!);
        _timer = clock.CreateTimer(_ => TellHeldBack(), null, Window, Window);
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName, _console.CreateLogger(categoryName));

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _console.SetScopeProvider(scopeProvider);

    public void Dispose()
    {
        _timer.Dispose();
        TellHeldBack();
    }

    private bool MayPass(string category, LogLevel level, EventId id, IReadOnlyList<KeyValuePair<string, object?>>? values, Func<string> text)
    {
        var name = id.Name ?? $"{category}[{id.Id}]";
        if (level <= LogLevel.Debug || Audit.Contains(name))
            return true;
        var cause = values is null ? ""
            // Of what has no name the text itself, before values are put into it, is the cause.
            : id.Name is null ? values.FirstOrDefault(v => v.Key == "{OriginalFormat}").Value as string ?? ""
            : string.Join(' ', values.Where(v => OfCause.Contains(v.Key)).Select(v => v.Value));
        lock (_gate)
        {
            if (!_causes.TryGetValue((name, level, cause), out var held))
            {
                if (_causes.Count >= MostCauses)
                    cause = "";
                if (!_causes.TryGetValue((name, level, cause), out held))
                    _causes.Add((name, level, cause), held = new Held());
            }

            if (++held.Lines <= (level == LogLevel.Information ? MostNotices : 1))
                return true;
            held.HeldBack++;
            held.Last = text;
            return false;
        }
    }

    private void TellHeldBack()
    {
        Dictionary<(string Event, LogLevel Level, string Cause), Held> causes;
        lock (_gate)
            (causes, _causes) = (_causes, []);
        foreach (var ((name, level, cause), held) in causes)
        {
            if (held.HeldBack == 0)
                continue;
            var last = held.Last!();
            if (level == LogLevel.Information)
                LogNoticesHeldBack(_own, held.HeldBack, name, cause, last);
            else
                LogHeldBack(_own, held.HeldBack, name, cause, last);
        }
    }

    [LoggerMessage(EventId = 5200, EventName = "LinesHeldBack", Level = LogLevel.Warning, Message = "{Count} more lines {Event} {Cause} within a minute, the last of them: {Last}")]
    private static partial void LogHeldBack(ILogger logger, long count, string @event, string cause, string last);

    [LoggerMessage(EventId = 5201, EventName = "NoticesHeldBack", Level = LogLevel.Information, Message = "{Count} more lines {Event} {Cause} within a minute, the last of them: {Last}")]
    private static partial void LogNoticesHeldBack(ILogger logger, long count, string @event, string cause, string last);

    private sealed class Held
    {
        public long Lines { get; set; }

        public long HeldBack { get; set; }

        public Func<string>? Last { get; set; }
    }

    private sealed class Logger(FloodGate gate, string category, ILogger console) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => console.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => console.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (gate.MayPass(category, logLevel, eventId, state as IReadOnlyList<KeyValuePair<string, object?>>, () => formatter(state, exception)))
                console.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
