using System.Collections.Concurrent;

namespace HyperConn.Events;

/// <summary>Counts how events ended. Thread-safe.</summary>
internal sealed class EventCounters
{
    private const int MostCauses = 100;

    private readonly ConcurrentDictionary<string, EventCause> _causes = new(StringComparer.Ordinal);
    private long _read;
    private long _handled;
    private long _duplicates;
    private long _rejected;
    private long _retries;
    private long _handedBack;
    private long _lost;

    public void Read() => Interlocked.Increment(ref _read);

    public void Retried(EventFault fault)
    {
        Interlocked.Increment(ref _retries);
        Note(fault.Code, fault.Message, rejected: 0);
    }

    public void HandedBack() => Interlocked.Increment(ref _handedBack);

    public void Lost() => Interlocked.Increment(ref _lost);

    public void End(EventOutcome outcome)
    {
        switch (outcome.Result)
        {
            case EventResult.Handled:
                Interlocked.Increment(ref _handled);
                break;
            case EventResult.Duplicate:
                Interlocked.Increment(ref _duplicates);
                break;
            default:
                Interlocked.Increment(ref _rejected);
                Note(outcome.Code ?? "Unknown", outcome.Message ?? "", rejected: 1);
                break;
        }
    }

    /// <summary>The counts, and what only the worker knows.</summary>
    public TenantEventStatistics Snapshot(string source, int underWay, int waiting, TimeSpan? oldestAge, EventSourceStatistics atSource) => new()
    {
        Source = source,
        Read = Interlocked.Read(ref _read),
        Handled = Interlocked.Read(ref _handled),
        Duplicates = Interlocked.Read(ref _duplicates),
        Rejected = Interlocked.Read(ref _rejected),
        Retries = Interlocked.Read(ref _retries),
        HandedBack = Interlocked.Read(ref _handedBack),
        Lost = Interlocked.Read(ref _lost),
        InFlight = underWay,
        Waiting = waiting,
        OldestAge = oldestAge,
        AtSource = atSource,
        Causes = [.. _causes.Values.OrderByDescending(cause => cause.Rejected).ThenByDescending(cause => cause.Failures)],
    };

    private void Note(string code, string message, int rejected)
    {
        // Codes of handlers are theirs to choose: one that makes a new one for each event must not fill the memory.
        var name = _causes.Count < MostCauses || _causes.ContainsKey(code) ? code : "Other";
        _causes.AddOrUpdate(
            name,
            _ => new EventCause(name, 1, rejected, message),
            (_, known) => known with { Failures = known.Failures + 1, Rejected = known.Rejected + rejected });
    }
}
