using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using HyperConn.Cluster.Diagnostics;
using HyperConn.Cluster.Operating;
using HyperConn.Diagnostics;
using HyperConn.Events;
using HyperConn.Events.Sqs;
using HyperConn.Host;
using Microsoft.Extensions.Logging;

namespace HyperConn.Tests.Docs;

/// <summary>The tables of docs/operations.md as the code has them.</summary>
internal static partial class ReferenceTables
{
    private static readonly Assembly Library = typeof(ITenantPools).Assembly;
    private static readonly Assembly Host = typeof(DashboardOptions).Assembly;
    private static readonly Assembly Events = typeof(TenantEvent).Assembly;
    private static readonly Assembly Queues = typeof(SqsEventSource).Assembly;
    private static readonly Lazy<Dictionary<string, string>> Summaries = new(() => new[] { Library, Events, Queues, Host }
        .Select(a => Path.ChangeExtension(a.Location, ".xml"))
        .SelectMany(path => XDocument.Load(path).Descendants("member"))
        // What the compiler generates, each assembly has of its own.
        .Where(m => !m.Attribute("name")!.Value.Contains(".Generated.", StringComparison.Ordinal))
        .ToDictionary(m => m.Attribute("name")!.Value, m => Text(m.Element("summary"))));

    public static IReadOnlyDictionary<string, Func<string>> All { get; } = new Dictionary<string, Func<string>>
    {
        ["metrics"] = Metrics,
        ["log-events"] = LogEvents,
        ["error-codes"] = ErrorCodes,
        ["settings"] = Settings,
    };

    private static string Metrics()
    {
        using var meter = new HyperConnMeter(null, new DiagnosticsOptions { TenantLabels = true });
        using var events = new TenantEventMeter(null);
        using var cluster = new ClusterMeter(new NodeView(TimeProvider.System), null);
        var found = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter, meter.Meter) || ReferenceEquals(instrument.Meter, events.Meter) || ReferenceEquals(instrument.Meter, cluster.Meter))
                found.Add(instrument);
        };
        listener.Start();
        return Table(["Metric", "Kind", "Unit", "What"], found.OrderBy(i => i.Name, StringComparer.Ordinal).Select(i => new[]
        {
            $"`{i.Name}`",
            i.GetType().Name.Split('`')[0].Replace("Observable", "", StringComparison.Ordinal),
            $"`{i.Unit}`",
            i.Description!,
        }));
    }

    private static string LogEvents() => Table(["Id", "Level", "Name", "Message"], new[] { Library, Events, Queues, Host }
        .SelectMany(a => a.GetTypes())
        .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        .Select(m => (Method: m, Log: m.GetCustomAttribute<LoggerMessageAttribute>()))
        .Where(m => m.Log is not null)
        .OrderBy(m => m.Log!.EventId)
        .Select(m => new[]
        {
            m.Log!.EventId.ToString(CultureInfo.InvariantCulture),
            m.Log.Level.ToString(),
            $"`{m.Log.EventName ?? m.Method.Name}`",
            m.Log.Message,
        }));

    private static string ErrorCodes() => Table(["Code", "Name", "What"], Enum.GetValues<HyperConnErrorCode>().Select(code => new[]
    {
        ((int)code).ToString(CultureInfo.InvariantCulture),
        $"`{code}`",
        Summary($"F:HyperConn.HyperConnErrorCode.{code}"),
    }));

    private static string Settings() => Table(
        ["Setting", "Default", "What"],
        Walk("HyperConn", new HyperConnOptions())
            .Concat(Walk("hyperconn-host.dashboard", new DashboardOptions(), Kebab))
            .Concat(Walk("hyperconn-host.telemetry", new TelemetryOptions(), Kebab))
            .Concat(Walk("hyperconn-host.logging", new LoggingOptions(), Kebab))
            .Concat(Walk("hyperconn-host.worker", new RunSettings(), Kebab))
            .Concat(Walk("hyperconn-host.sqs", new SqsEventOptions(), Kebab))
            .Concat(Walk("hyperconn-host.outbox", new OutboxOptions(), Kebab))
            .Concat(Walk("hyperconn-host.cluster", new ClusterSettings(), Kebab)));

    private static IEnumerable<string[]> Walk(string path, object options, Func<string, string>? name = null)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.CanWrite && p.CanRead))
        {
            var value = property.GetValue(options);
            var full = name is null ? $"{path}:{property.Name}" : $"{path}.{name(property.Name)}";
            if (value is not null && value.GetType().Name.EndsWith("Options", StringComparison.Ordinal))
            {
                foreach (var row in Walk(full, value))
                    yield return row;
                continue;
            }

            yield return [$"`{full}`", Default(value), Summary($"P:{property.DeclaringType!.FullName}.{property.Name}")];
        }
    }

    private static string Default(object? value) => value switch
    {
        null => "none",
        "" => "empty",
        string text => $"`{text}`",
        TimeSpan time => $"`{time:c}`",
        bool flag => flag ? "`true`" : "`false`",
        System.Collections.IEnumerable => "empty",
        IFormattable number => $"`{number.ToString(null, CultureInfo.InvariantCulture)}`",
        _ => $"`{value}`",
    };

    private static string Kebab(string name) => Upper().Replace(name, m => (m.Index > 0 ? "-" : "") + m.Value.ToLowerInvariant());

    private static string Summary(string member) => Summaries.Value.TryGetValue(member, out var text) ? text : "";

    private static string Text(XElement? element)
    {
        var text = new StringBuilder();
        foreach (var node in element?.Nodes() ?? [])
        {
            text.Append(node switch
            {
                XText plain => plain.Value,
                XElement { Name.LocalName: "see" } see => $"`{(see.Attribute("cref") ?? see.Attribute("langword"))!.Value.Split('.').TakeLast(2).Aggregate((a, b) => char.IsUpper(a[0]) && a.Length > 2 ? $"{a}.{b}" : b)}`",
                XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
                XElement other => other.Value,
                _ => "",
            });
        }

        return Space().Replace(text.ToString(), " ").Trim();
    }

    private static string Table(string[] head, IEnumerable<string[]> rows)
    {
        var text = new StringBuilder();
        text.Append("| ").AppendJoin(" | ", head).Append(" |\n|").Append(string.Concat(Enumerable.Repeat(" --- |", head.Length))).Append('\n');
        foreach (var row in rows)
            text.Append("| ").AppendJoin(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
        return text.ToString();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Upper();
}
