namespace HyperConn;

/// <summary>What an <see cref="OperatorEvent"/> is about.</summary>
public enum OperatorEventKind
{
    /// <summary>A pool was made.</summary>
    PoolCreated,

    /// <summary>A pool was evicted; the detail is the reason.</summary>
    PoolEvicted,

    /// <summary>A pool could not be made; the detail is the error code.</summary>
    PoolFailed,

    /// <summary>Credentials changed under a live pool.</summary>
    Rotated,

    /// <summary>PostgreSQL refused credentials.</summary>
    LoginRefused,

    /// <summary>A refresh of a secret failed; what was known goes on serving.</summary>
    RefreshFailed,

    /// <summary>A circuit opened: asks are answered from memory until the next try.</summary>
    CircuitOpened,

    /// <summary>A circuit closed again.</summary>
    CircuitClosed,

    /// <summary>A server said it is full (53300), or its limit changed.</summary>
    ServerPressure,

    /// <summary>A lease is held longer than the threshold.</summary>
    LeaseHeldLong,

    /// <summary>An operator's command was carried out.</summary>
    OperatorAction,
}

/// <summary>One thing operators may want to know of. Holds no secret.</summary>
/// <param name="Id">Number in order, from 1.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Tenant">The tenant, where one is concerned.</param>
/// <param name="Servers">The servers concerned; none where the event is not about one.</param>
/// <param name="Message">What happened.</param>
/// <param name="Detail">Reason or error code, a short word; null where there is none.</param>
/// <param name="By">Who asked for it, for <see cref="OperatorEventKind.OperatorAction"/>.</param>
public sealed record OperatorEvent(
    long Id,
    DateTimeOffset At,
    OperatorEventKind Kind,
    TenantKey? Tenant,
    IReadOnlyList<ServerEndpoint> Servers,
    string Message,
    string? Detail,
    string? By);

/// <summary>The latest events, in memory; the oldest are dropped. Safe for concurrent use.</summary>
/// <remarks>
/// Written by the cold path only. Nothing here is persisted: logs are for that. Pools made and evicted, thousands on a busy host, have a
/// ring of their own, so that they never push out a failure of an hour ago.
/// </remarks>
public sealed class OperatorEvents
{
    private readonly Ring _routine;
    private readonly Ring _others;
    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private long _last;

    /// <summary>Makes an empty log.</summary>
    /// <param name="capacity">Pools made and evicted that are kept, and as many of all other events; 1 or more. Default 4,096.</param>
    /// <param name="clock">Clock; null: the system's.</param>
    public OperatorEvents(int capacity = 4096, TimeProvider? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (_routine, _others) = (new Ring(capacity), new Ring(capacity));
        _clock = clock ?? TimeProvider.System;
    }

    /// <summary>Number of the latest event; 0 before the first.</summary>
    public long LastId => Volatile.Read(ref _last);

    /// <summary>Records an event. Messages must not hold secrets.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="message">What happened.</param>
    /// <param name="tenant">The tenant concerned.</param>
    /// <param name="servers">The servers concerned; null: none.</param>
    /// <param name="detail">Reason or error code.</param>
    /// <param name="by">Who asked for it.</param>
    public void Record(
        OperatorEventKind kind,
        string message,
        TenantKey? tenant = null,
        IReadOnlyList<ServerEndpoint>? servers = null,
        string? detail = null,
        string? by = null)
    {
        var at = _clock.GetUtcNow();
        lock (_lock)
        {
            var id = _last + 1;
            (kind is OperatorEventKind.PoolCreated or OperatorEventKind.PoolEvicted ? _routine : _others)
                .Add(new OperatorEvent(id, at, kind, tenant, servers ?? [], message, detail, by));
            Volatile.Write(ref _last, id);
        }
    }

    /// <summary>Reads what came after an event, oldest first.</summary>
    /// <param name="id">Number of the last event already known; 0: from the oldest kept.</param>
    /// <param name="maxCount">How many events to return at most: the latest, other events before pools made and evicted.</param>
    /// <returns>The events.</returns>
    public IReadOnlyList<OperatorEvent> After(long id, int maxCount = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxCount);
        var events = new List<OperatorEvent>();
        lock (_lock)
        {
            if (id >= _last)
                return [];
            _others.After(id, maxCount, events);
            _routine.After(id, maxCount - events.Count, events);
        }

        events.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        return events;
    }

    private sealed class Ring(int capacity)
    {
        private readonly OperatorEvent[] _events = new OperatorEvent[capacity];
        private long _count;

        public void Add(OperatorEvent happened) => _events[(int)(_count++ % _events.Length)] = happened;

        public void After(long id, int maxCount, List<OperatorEvent> found)
        {
            var oldest = Math.Max(0, _count - _events.Length);
            for (var i = _count - 1; i >= oldest && maxCount > 0; i--, maxCount--)
            {
                var happened = _events[(int)(i % _events.Length)];
                if (happened.Id <= id)
                    return;
                found.Add(happened);
            }
        }
    }
}
