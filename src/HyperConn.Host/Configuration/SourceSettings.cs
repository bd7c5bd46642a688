using Akka.Configuration;
using HyperConn.Events;
using HyperConn.Events.Sqs;

namespace HyperConn.Host;

/// <summary>Sources of events beyond files: <c>hyperconn-host.sqs</c> and <c>hyperconn-host.outbox</c>, read by <c>run</c> when
/// <c>worker.events</c> names them.</summary>
internal sealed record SourceSettings(SqsEventOptions Sqs, OutboxOptions Outbox)
{
    /// <summary><c>worker.events</c> of a queue of Amazon SQS.</summary>
    public const string SqsName = "sqs";

    /// <summary><c>worker.events</c> of an outbox table.</summary>
    public const string OutboxName = "outbox";

    /// <summary>Reads both sections; what is missing keeps its default.</summary>
    public static SourceSettings Read(Config file, List<string> faults) => new(ReadSqs(file, faults), ReadOutbox(file, faults));

    /// <summary>Every fault of the section that <c>worker.events</c> names.</summary>
    public IEnumerable<string> Faults(string events) => events switch
    {
        SqsName => Sqs.Faults().Select(fault => Spell(SqsName, fault)),
        OutboxName => Outbox.Faults().Select(fault => Spell(OutboxName, fault)),
        _ => [],
    };

    private static SqsEventOptions ReadSqs(Config file, List<string> faults)
    {
        var section = new HostSection(file, SqsName, faults);
        var defaults = new SqsEventOptions();
        return new SqsEventOptions
        {
            Queue = section.Text("queue") ?? defaults.Queue,
            Region = section.Text("region"),
            ServiceUrl = section.Text("service-url"),
            AccessKeyId = section.Text("access-key-id"),
            SecretAccessKey = section.Text("secret-access-key"),
            SessionToken = section.Text("session-token"),
            Timeout = Time(section, "timeout", defaults.Timeout),
            VisibilityTimeout = Time(section, "visibility-timeout", defaults.VisibilityTimeout),
            WaitTime = Time(section, "wait-time", defaults.WaitTime),
            BatchSize = Number(section, "batch-size", defaults.BatchSize),
            Receivers = Number(section, "receivers", defaults.Receivers),
            MaxInHand = Number(section, "max-in-hand", defaults.MaxInHand),
            StatisticsInterval = Time(section, "statistics-interval", defaults.StatisticsInterval),
        };
    }

    private static OutboxOptions ReadOutbox(Config file, List<string> faults)
    {
        var section = new HostSection(file, OutboxName, faults);
        var defaults = new OutboxOptions();
        return new OutboxOptions
        {
            ConnectionString = section.Text("connection-string"),
            Tenant = section.Text("tenant") is null
                ? null
                : section.Read<TenantKey?>("tenant", c => Tenant(c.GetString("tenant")), null, "service/org"),
            Table = section.Text("table") ?? defaults.Table,
            CreateTable = section.Read("create-table", c => c.GetBoolean("create-table"), defaults.CreateTable),
            Ordered = section.Read("ordered", c => c.GetBoolean("ordered"), defaults.Ordered),
            BatchSize = Number(section, "batch-size", defaults.BatchSize),
            Lease = Time(section, "lease", defaults.Lease),
            Listen = section.Read("listen", c => c.GetBoolean("listen"), defaults.Listen),
            PollInterval = Time(section, "poll-interval", defaults.PollInterval),
            MaxInHand = Number(section, "max-in-hand", defaults.MaxInHand),
            KeepHandled = Time(section, "keep-handled", defaults.KeepHandled),
            KeepRejected = Time(section, "keep-rejected", defaults.KeepRejected),
            Timeout = Time(section, "timeout", defaults.Timeout),
        };
    }

    private static TenantKey Tenant(string text) =>
        text.Split('/') is [var service, var org] ? TenantKey.Create(service, org) : throw new FormatException();

    private static TimeSpan Time(HostSection section, string key, TimeSpan byDefault) =>
        section.Read(key, c => c.GetTimeSpan(key, null, allowInfinite: false), byDefault);

    private static int Number(HostSection section, string key, int byDefault) =>
        section.Read(key, c => c.GetInt(key), byDefault, "a whole number");

    // "VisibilityTimeout must be …" is hyperconn-host.sqs.visibility-timeout there.
    private static string Spell(string section, string fault)
    {
        var names = new[] { typeof(SqsEventOptions), typeof(OutboxOptions) }.SelectMany(type => type.GetProperties()).Select(property => property.Name);

        foreach (var name in names.Distinct().OrderByDescending(name => name.Length))
            fault = System.Text.RegularExpressions.Regex.Replace(fault, $@"\b{name}\b", HostSettings.NameOf(name));
        return $"{HostSettings.Root}.{section}: {fault}";
    }
}
