namespace HyperConn.Events;

/// <summary>How a worker goes about its events.</summary>
public sealed class TenantEventOptions
{
    /// <summary>Most events under way at once, 1 to 10,000. Default 16.</summary>
    public int Workers { get; set; } = 16;

    /// <summary>Whether a tenant's events are handled one after the other, also over retries. Null (default): as the source says.</summary>
    public bool? OrderedPerTenant { get; set; }

    /// <summary>How long what may pass is retried before the event is rejected, counted from the event's first failure or, when the tenant
    /// can't be reached, from the tenant's. Zero: not at all. To 1 day, default 5 minutes.</summary>
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest time one attempt takes, everything included; then it is cancelled and retried. 1 second to 1 day, default 5
    /// minutes.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a stop waits for what has begun before it is cancelled and handed back. Zero to 1 day, default 30
    /// seconds.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Most events that wait for their turn or for a retry; then no more are read. 1 to 1,000,000, default 10,000.</summary>
    public int MaxWaiting { get; set; } = 10_000;

    /// <summary>Most memory, in bytes, for events that are held; then no more are read. From 64 KiB, default 32 MiB.</summary>
    public long MaxWaitingBytes { get; set; } = 32 << 20;

    /// <summary>Whether the id of every event is noted in the tenant's own database, in the transaction of its effect, so that the
    /// effect is
    /// there once however often the event comes. Default true.</summary>
    public bool Inbox { get; set; } = true;

    /// <summary>Name of the inbox table, <c>name</c> or <c>schema.name</c>, of letters, digits and underscores. Default
    /// <c>hyperconn_inbox</c>,
    /// in the first schema of the tenant's search path.</summary>
    public string InboxTable { get; set; } = InboxSql.DefaultTable;

    /// <summary>How long ids are kept. Longer than an event may take to come again: a queue keeps messages for up to 14 days. From 1
    /// second,
    /// default 14 days.</summary>
    public TimeSpan InboxRetention { get; set; } = TimeSpan.FromDays(14);

    /// <summary>Every fault at once; empty: none.</summary>
    /// <returns>The faults, with the names of the settings.</returns>
    public IEnumerable<string> Faults()
    {
        if (Workers is < 1 or > 10_000)
            yield return $"{nameof(Workers)} must be from 1 to 10,000.";
        if (RetryFor < TimeSpan.Zero || RetryFor > TimeSpan.FromDays(1))
            yield return $"{nameof(RetryFor)} must be from 0 to 1 day.";
        if (AttemptTimeout < TimeSpan.FromSeconds(1) || AttemptTimeout > TimeSpan.FromDays(1))
            yield return $"{nameof(AttemptTimeout)} must be from 1 second to 1 day.";
        if (StopTimeout < TimeSpan.Zero || StopTimeout > TimeSpan.FromDays(1))
            yield return $"{nameof(StopTimeout)} must be from 0 to 1 day.";
        if (MaxWaiting is < 1 or > 1_000_000)
            yield return $"{nameof(MaxWaiting)} must be from 1 to 1,000,000.";
        if (MaxWaitingBytes < 64 << 10)
            yield return $"{nameof(MaxWaitingBytes)} must be 65,536 or more.";
        if (!InboxSql.IsName(InboxTable))
            yield return $"{nameof(InboxTable)} must be a table's name or schema.name, of letters, digits and underscores, 63 each at most.";
        if (InboxRetention < TimeSpan.FromSeconds(1))
            yield return $"{nameof(InboxRetention)} must be 1 second or more.";
    }
}
