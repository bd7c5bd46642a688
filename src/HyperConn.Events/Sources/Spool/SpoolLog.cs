using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace HyperConn.Events;

/// <summary>What a spool says. Each fault of a name in the folder is said once, until the name is gone.</summary>
internal sealed partial class SpoolLog(ILogger logger)
{
    private readonly ConcurrentDictionary<string, string> _said = new(StringComparer.Ordinal);

    /// <summary>Faults of names that are gone may be said again.</summary>
    public void Forget(IReadOnlyCollection<string> paths)
    {
        if (_said.IsEmpty)
            return;
        foreach (var path in _said.Keys.Except(paths, StringComparer.Ordinal))
            _said.TryRemove(path, out _);
    }

    public void Skipped(string path, string fault)
    {
        if (_said.TryGetValue(path, out var said) && said == fault)
            return;
        _said[path] = fault;
        LogSkipped(path, fault);
    }

    public void Grown(string path) => LogGrown(path);

    public void NoProgress(string path, string fault) => LogNoProgress(path, fault);

    [LoggerMessage(EventId = 4010, EventName = "SpoolEntrySkipped", Level = LogLevel.Warning, Message = "{Path} is skipped: {Fault}")]
    private partial void LogSkipped(string path, string fault);

    [LoggerMessage(EventId = 4011, EventName = "SpoolFileGrown", Level = LogLevel.Warning,
        Message = "{Path} was written to while it was read, and is read again from its start. Put files there by renaming")]
    private partial void LogGrown(string path);

    [LoggerMessage(EventId = 4012, EventName = "SpoolProgressUnreadable", Level = LogLevel.Warning,
        Message = "The progress in {Path} can't be read, files are read from their start: {Fault}")]
    private partial void LogNoProgress(string path, string fault);
}
