using Akka.Configuration;
using HyperConn.Events;
using HyperConn.Events.Sqs;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Host;

/// <summary>The host's own part of the configuration file, section <c>hyperconn-host.worker</c>.</summary>
internal sealed record RunSettings
{
    private const string Name = "worker";
    private const string Section = $"{HostSettings.Root}.{Name}";

    /// <summary>Where events come from: <c>-</c> (standard input), a file, a spool folder, <c>sqs</c> or <c>outbox</c>.</summary>
    public string Events { get; init; } = "-";

    /// <summary>Most events under way at once.</summary>
    public int Workers { get; init; } = 16;

    /// <summary>Whether a tenant's events are handled one after the other, also over retries; null: as the source says (files and
    /// standard input: yes).</summary>
    public bool? OrderedPerTenant { get; init; }

    /// <summary>How long what may pass is retried before an event is rejected, while other tenants go on; zero: not at all.</summary>
    public TimeSpan RetryFor { get; init; } = new TenantEventOptions().RetryFor;

    /// <summary>Longest time one attempt at an event takes; then it is cancelled and made again.</summary>
    public TimeSpan AttemptTimeout { get; init; } = new TenantEventOptions().AttemptTimeout;

    /// <summary>How long a stop waits for events under way before they are cancelled and handed back.</summary>
    public TimeSpan StopTimeout { get; init; } = new TenantEventOptions().StopTimeout;

    /// <summary>Most events that wait for their turn or a retry; then no more are read.</summary>
    public int MaxWaiting { get; init; } = new TenantEventOptions().MaxWaiting;

    /// <summary>Most memory for events that are held, bytes; then no more are read.</summary>
    public long MaxWaitingBytes { get; init; } = new TenantEventOptions().MaxWaitingBytes;

    /// <summary>Longest line of a file, a spool or standard input, bytes; a longer one is rejected.</summary>
    public int MaxLineBytes { get; init; } = SpoolOptions.DefaultMaxLineBytes;

    /// <summary>Whether ids of events are noted in each tenant's database, in the transaction of their effect, so that none takes effect
    /// twice.</summary>
    public bool Inbox { get; init; } = true;

    /// <summary>Table of the inbox, <c>name</c> or <c>schema.name</c>; made where the tenant's login may, otherwise <c>check</c> prints
    /// its DDL.</summary>
    public string InboxTable { get; init; } = InboxSql.DefaultTable;

    /// <summary>How long ids are kept: longer than an event may take to come again.</summary>
    public TimeSpan InboxRetention { get; init; } = new TenantEventOptions().InboxRetention;

    /// <summary>File that events that were rejected are appended to, to be fed again with <c>--events</c>; null: none, or for a spool
    /// <c>&lt;file&gt;.rejected</c>.</summary>
    public string? Rejects { get; init; }

    /// <summary>How often a spool folder is looked into.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>SQL by type of event; <c>default</c> for any other type.</summary>
    public IReadOnlyDictionary<string, string> Statements { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Reads the section; what is missing keeps its default.</summary>
    /// <param name="file">The file.</param>
    /// <param name="resolve">Makes a path of the file a full one.</param>
    /// <param name="faults">Where settings that can't be read are named.</param>
    public static RunSettings Read(Config file, Func<string, string> resolve, List<string> faults)
    {
        var defaults = new RunSettings();
        var section = new HostSection(file, Name, faults);
        return new RunSettings
        {
            Events = section.Text("events") is { } events ? (IsName(events) ? events : resolve(events)) : defaults.Events,
            Workers = section.Read("workers", c => c.GetInt("workers"), defaults.Workers, "a whole number"),
            OrderedPerTenant = section.Text("ordered-per-tenant") is null
                ? null
                : section.Read<bool?>("ordered-per-tenant", c => c.GetBoolean("ordered-per-tenant"), null, "on, off or null"),
            RetryFor = Time("retry-for", defaults.RetryFor),
            AttemptTimeout = Time("attempt-timeout", defaults.AttemptTimeout),
            StopTimeout = Time("stop-timeout", defaults.StopTimeout),
            MaxWaiting = section.Read("max-waiting", c => c.GetInt("max-waiting"), defaults.MaxWaiting, "a whole number"),
            MaxWaitingBytes = section.Read("max-waiting-bytes", c => c.GetLong("max-waiting-bytes"), defaults.MaxWaitingBytes, "a whole number"),
            MaxLineBytes = section.Read("max-line-bytes", c => c.GetInt("max-line-bytes"), defaults.MaxLineBytes, "a whole number"),
            Inbox = section.Read("inbox", c => c.GetBoolean("inbox"), defaults.Inbox),
            InboxTable = section.Text("inbox-table") ?? defaults.InboxTable,
            InboxRetention = Time("inbox-retention", defaults.InboxRetention),
            Rejects = section.Text("rejects") is { } path ? resolve(path) : null,
            PollInterval = Time("poll-interval", defaults.PollInterval),
            Statements = section.Read(
                "statements",
                c => c.GetConfig("statements").AsEnumerable().ToDictionary(entry => entry.Key.Trim('"'), entry => entry.Value.GetString(), StringComparer.Ordinal),
                defaults.Statements,
                "SQL by type of event"),
        };

        TimeSpan Time(string key, TimeSpan byDefault) => section.Read(key, c => c.GetTimeSpan(key, null, allowInfinite: false), byDefault);
    }

    /// <summary>Every fault at once; empty: none.</summary>
    public IEnumerable<string> Faults()
    {
        var options = new TenantEventOptions();
        Apply(options);
        foreach (var fault in options.Faults())
            yield return $"{Section}.{HostSettings.NameOf(fault[..fault.IndexOf(' ', StringComparison.Ordinal)])}{fault[fault.IndexOf(' ', StringComparison.Ordinal)..]}";
        if (MaxLineBytes is < 1_024 or > 64 << 20)
            yield return $"{Section}.max-line-bytes must be from 1,024 to 67,108,864.";
        if (PollInterval < TimeSpan.FromMilliseconds(10))
            yield return $"{Section}.poll-interval must be 10ms or more.";
        if (Statements.Count == 0)
            yield return $"{Section}.statements is empty: say which SQL to run for which type of event, at least 'default'.";
        if (Rejects is not null && Rejects == Events)
            yield return $"{Section}.rejects is the file that events come from: what is rejected again would be read again, for ever.";
        if (Events == "-" && !StandardStreams.HasInput)
            yield return $"{Section}.events: standard input is closed, so there are no events to read. Give a file or a spool folder with --events.";
        if (!IsName(Events) && !File.Exists(Events) && !Directory.Exists(Events))
            yield return $"{Section}.events: there is no file or folder '{Events}'.";
    }

    /// <summary>Gives a worker these settings.</summary>
    public void Apply(TenantEventOptions options)
    {
        options.Workers = Workers;
        options.OrderedPerTenant = OrderedPerTenant;
        options.RetryFor = RetryFor;
        options.AttemptTimeout = AttemptTimeout;
        options.StopTimeout = StopTimeout;
        options.MaxWaiting = MaxWaiting;
        options.MaxWaitingBytes = MaxWaitingBytes;
        options.Inbox = Inbox;
        options.InboxTable = InboxTable;
        options.InboxRetention = InboxRetention;
    }

    /// <summary>The source <see cref="Events"/> names. It has files open: dispose it.</summary>
    /// <exception cref="IOException">A file or folder can't be used as it must be.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be used so.</exception>
    public ITenantEventSource CreateSource(IServiceProvider services, SourceSettings sources)
    {
        var time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        if (Events == SourceSettings.SqsName)
            return new SqsEventSource(sources.Sqs, services.GetService<ILogger<SqsEventSource>>(), time);
        if (Events == SourceSettings.OutboxName)
            return new OutboxEventSource(sources.Outbox, services.GetService<ITenantPools>(), services.GetService<ILogger<OutboxEventSource>>(), time);
        var rejects = Rejects is null ? null : new RejectsFile(Rejects, time, atOnce: true);
        try
        {
            if (Events == "-")
                return StreamEventSource.StandardInput(MaxLineBytes, rejects);
            if (!Directory.Exists(Events))
                return StreamEventSource.File(Events, MaxLineBytes, rejects);
            var logger = (services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger("HyperConn.Events");
            return new SpoolEventSource(new SpoolOptions(Events) { PollInterval = PollInterval, MaxLineBytes = MaxLineBytes }, rejects, time, logger);
        }
        catch
        {
            rejects?.Dispose();
            throw;
        }
    }

    // A file of such a name is written ./sqs.
    private static bool IsName(string events) => events is "-" or SourceSettings.SqsName or SourceSettings.OutboxName;
}
