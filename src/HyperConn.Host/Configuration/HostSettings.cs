using System.Text.Json;
using Akka.Configuration;
using HyperConn.Events;
using HyperConn.Events.Sqs;

namespace HyperConn.Host;

/// <summary>The operating side's part of the configuration file: <c>hyperconn-host.dashboard</c> and <c>hyperconn-host.telemetry</c>.</summary>
internal static class HostSettings
{
    /// <summary>The section of all that is the host's.</summary>
    public const string Root = "hyperconn-host";

    private const string TokenVariable = "HYPERCONN_ADMIN_TOKEN";

    private static readonly Dictionary<string, Type> Sections = new(StringComparer.Ordinal)
    {
        ["dashboard"] = typeof(DashboardOptions),
        ["telemetry"] = typeof(TelemetryOptions),
        ["worker"] = typeof(RunSettings),
        [SourceSettings.SqsName] = typeof(SqsEventOptions),
        [SourceSettings.OutboxName] = typeof(OutboxOptions),
        ["logging"] = typeof(LoggingOptions),
        ["cluster"] = typeof(ClusterSettings),
    };

    /// <inheritdoc cref="Dashboard(Config, List{string})"/>
    /// <exception cref="FormatException">A value is of the wrong kind; the message names it and does not quote it.</exception>
    public static DashboardOptions Dashboard(Config file) => Sound(file, Dashboard);

    /// <summary>Reads the dashboard's settings; what is missing keeps its default. The token may come from <c>HYPERCONN_ADMIN_TOKEN</c>.</summary>
    public static DashboardOptions Dashboard(Config file, List<string> faults)
    {
        var section = new HostSection(file, "dashboard", faults);
        var defaults = new DashboardOptions();
        return new DashboardOptions
        {
            Enabled = section.Read("enabled", c => c.GetBoolean("enabled"), defaults.Enabled),
            Url = section.Text("url") ?? defaults.Url,
            AnyPortIfTaken = section.Text("url") is null,
            AdminToken = section.Text("admin-token") ?? (Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token ? token : null),
            AllowPlainHttp = section.Read("allow-plain-http", c => c.GetBoolean("allow-plain-http"), defaults.AllowPlainHttp),
            CertificatePath = section.Text("certificate-path"),
            CertificateKeyPath = section.Text("certificate-key-path"),
            AllowedHosts = section.Read("allowed-hosts", c => c.GetStringList("allowed-hosts"), defaults.AllowedHosts),
            TrustedProxies = section.Read("trusted-proxies", c => c.GetStringList("trusted-proxies"), defaults.TrustedProxies),
            Title = section.Text("title"),
            SampleInterval = section.Read("sample-interval", c => c.GetTimeSpan("sample-interval", null, allowInfinite: false), defaults.SampleInterval),
            HistorySamples = section.Read("history-samples", c => c.GetInt("history-samples"), defaults.HistorySamples),
        };
    }

    /// <inheritdoc cref="Telemetry(Config, List{string})"/>
    /// <exception cref="FormatException">A value is of the wrong kind.</exception>
    public static TelemetryOptions Telemetry(Config file) => Sound(file, Telemetry);

    /// <summary>Reads the settings of telemetry; what is missing keeps its default.</summary>
    public static TelemetryOptions Telemetry(Config file, List<string> faults)
    {
        var section = new HostSection(file, "telemetry", faults);
        var defaults = new TelemetryOptions();
        return new TelemetryOptions
        {
            Prometheus = section.Read("prometheus", c => c.GetBoolean("prometheus"), defaults.Prometheus),
            OtlpEndpoint = section.Text("otlp-endpoint"),
            OtlpProtocol = section.Text("otlp-protocol") ?? defaults.OtlpProtocol,
            NpgsqlMetrics = section.Read("npgsql-metrics", c => c.GetBoolean("npgsql-metrics"), defaults.NpgsqlMetrics),
            TraceRatio = section.Read("trace-ratio", c => c.GetDouble("trace-ratio"), defaults.TraceRatio),
        };
    }

    /// <summary>Reads the settings of logging; what is missing keeps its default.</summary>
    public static LoggingOptions Logging(Config file, List<string> faults)
    {
        var section = new HostSection(file, "logging", faults);
        var defaults = new LoggingOptions();
        return new LoggingOptions
        {
            Level = section.Text("level"),
            Levels = section.Read(
                "levels",
                c => c.GetConfig("levels").AsEnumerable().ToDictionary(entry => entry.Key.Trim('"'), entry => entry.Value.GetString(), StringComparer.Ordinal),
                defaults.Levels,
                "levels by category, names with dots in double quotes"),
            Format = section.Text("format") ?? defaults.Format,
        };
    }

    /// <summary>Names in the host's sections that are no settings: a slip of the pen must not pass for a default.</summary>
    public static IEnumerable<string> Unknown(Config file)
    {
        foreach (var section in KeysOf(file, Root))
        {
            if (!Sections.TryGetValue(section, out var settings))
            {
                yield return $"{Root}.{section} is not a setting. Known here: {string.Join(", ", Sections.Keys)}.";
                continue;
            }

            var known = settings.GetProperties().Where(p => p.CanWrite).Select(p => NameOf(p.Name)).Order(StringComparer.Ordinal).ToList();
            foreach (var key in KeysOf(file, $"{Root}.{section}").Where(key => !known.Contains(key)))
                yield return $"{Root}.{section}.{key} is not a setting. Known here: {string.Join(", ", known)}.";
        }
    }

    /// <summary>The name of a setting in the file.</summary>
    public static string NameOf(string property) => JsonNamingPolicy.KebabCaseLower.ConvertName(property);

    private static T Sound<T>(Config file, Func<Config, List<string>, T> read)
    {
        var faults = new List<string>();
        var settings = read(file, faults);
        return faults.Count == 0 ? settings : throw new FormatException(faults[0]);
    }

    private static string[] KeysOf(Config file, string path) =>
        file.HasPath(path) && file.GetValue(path).IsObject() ? [.. file.GetValue(path).GetObject().Items.Keys] : [];
}
