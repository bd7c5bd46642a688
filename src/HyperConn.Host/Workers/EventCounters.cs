using System.Collections.Concurrent;

namespace HyperConn.Host.Workers;

/// <summary>Counts how events ended. Thread-safe.</summary>
internal sealed class EventCounters
{
    private readonly ConcurrentDictionary<string, Cause> _causes = new(StringComparer.Ordinal);
    private long _done;
    private long _failed;
    private long _wrongTenant;
    private long _notBegun;
    private int _inFlight;

    /// <summary>Events handled.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Events not handled.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Events handled on another tenant's connection.</summary>
    public long WrongTenant => Interlocked.Read(ref _wrongTenant);

    /// <summary>Events that were read, but whose turn had not come when the host was told to stop; in none of the other counts.</summary>
    public long NotBegun => Interlocked.Read(ref _notBegun);

    /// <summary>Events that ended, whichever way.</summary>
    public long All => Done + Failed + WrongTenant;

    /// <summary>Events under way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>What went wrong, most frequent first, with one message of each.</summary>
    public IReadOnlyList<Cause> Causes => [.. _causes.Values.OrderByDescending(cause => cause.Count)];

    public void Begin() => Interlocked.Increment(ref _inFlight);

    public void NeverBegun() => Interlocked.Increment(ref _notBegun);

    public void End(EventOutcome outcome)
    {
        Interlocked.Decrement(ref _inFlight);
        switch (outcome.Result)
        {
            case EventResult.Done:
                Interlocked.Increment(ref _done);
                return;
            case EventResult.WrongTenant:
                Interlocked.Increment(ref _wrongTenant);
                break;
            default:
                Interlocked.Increment(ref _failed);
                break;
        }

        _causes.AddOrUpdate(
            outcome.Cause ?? "Unknown",
            name => new Cause(name, 1, outcome.Message ?? ""),
            (_, known) => known with { Count = known.Count + 1 });
    }

    /// <summary>One way for events to go wrong.</summary>
    internal sealed record Cause(string Name, long Count, string Example);
}
