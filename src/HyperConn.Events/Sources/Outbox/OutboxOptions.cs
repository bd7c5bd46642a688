namespace HyperConn.Events;

/// <summary>Which outbox table events come from, and how it is read.</summary>
public sealed class OutboxOptions
{
    /// <summary>Npgsql's connection string of the table's database. This, or <see cref="Tenant"/>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The tenant whose database has the table, read through HyperConn's own connections. This, or
    /// <see cref="ConnectionString"/>.</summary>
    public TenantKey? Tenant { get; set; }

    /// <summary>Name of the table, <c>name</c> or <c>schema.name</c>, of letters, digits and underscores. Default
    /// <c>hyperconn_outbox</c>.</summary>
    public string Table { get; set; } = OutboxSql.DefaultTable;

    /// <summary>Makes the table, its indexes and its trigger at the start where they are missing. Default true.</summary>
    public bool CreateTable { get; set; } = true;

    /// <summary>Whether a tenant's rows are handled one after the other in the order of their ids, by all hosts together. Default
    /// true.</summary>
    public bool Ordered { get; set; } = true;

    /// <summary>Rows claimed at once. 1 to 1,000, default 100.</summary>
    public int BatchSize { get; set; } = 100;

    /// <summary>
    /// How long rows that were claimed are kept from other hosts; extended every third of it while their events wait or are worked on.
    /// After a
    /// crash they come again when this has passed. 1 second to 1 day, default 30 seconds.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Waits for <c>NOTIFY</c> between polls. Off behind a pooler of transactions, where only the poll works. Default
    /// true.</summary>
    public bool Listen { get; set; } = true;

    /// <summary>How often the table is looked into when nothing was notified. 10 milliseconds to 1 hour, default 1 second.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Most rows in hand at once, waiting or worked on; then none are claimed. 1 to 100,000, default 1,000.</summary>
    public int MaxInHand { get; set; } = 1_000;

    /// <summary>How long rows of handled events are kept; zero (default): they are deleted at once. To 10 years.</summary>
    public TimeSpan KeepHandled { get; set; } = TimeSpan.Zero;

    /// <summary>How long rows of rejected events are kept, with code, message and attempts. Zero to 10 years, default 30 days.</summary>
    public TimeSpan KeepRejected { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Longest time one statement on the table takes. 100 milliseconds to 5 minutes, default 15 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Every fault at once; empty: none.</summary>
    /// <returns>The faults, with the names of the settings.</returns>
    public IEnumerable<string> Faults()
    {
        var longest = TimeSpan.FromDays(3_653);
        if (string.IsNullOrWhiteSpace(ConnectionString) == Tenant is null)
            yield return "Either ConnectionString or Tenant says in which database the outbox table is.";
        if (!InboxSql.IsName(Table))
            yield return "Table must be a table's name or schema.name, of letters, digits and underscores, 63 characters each at most.";
        if (BatchSize is < 1 or > 1_000)
            yield return "BatchSize must be from 1 to 1,000.";
        if (Lease < TimeSpan.FromSeconds(1) || Lease > TimeSpan.FromDays(1))
            yield return "Lease must be from 1 second to 1 day.";
        if (PollInterval < TimeSpan.FromMilliseconds(10) || PollInterval > TimeSpan.FromHours(1))
            yield return "PollInterval must be from 10 milliseconds to 1 hour.";
        if (MaxInHand is < 1 or > 100_000)
            yield return "MaxInHand must be from 1 to 100,000.";
        if (KeepHandled < TimeSpan.Zero || KeepHandled > longest)
            yield return "KeepHandled must be from zero to 10 years.";
        if (KeepRejected < TimeSpan.Zero || KeepRejected > longest)
            yield return "KeepRejected must be from zero to 10 years.";
        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromMinutes(5))
            yield return "Timeout must be from 100 milliseconds to 5 minutes.";
    }
}
