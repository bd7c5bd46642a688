using Akka.Configuration;

namespace HyperConn.Host;

/// <summary>The operating side's part of the configuration file: <c>hyperconn-host.dashboard</c> and <c>hyperconn-host.telemetry</c>.</summary>
internal static class HostSettings
{
    /// <summary>Reads the dashboard's settings; what is missing keeps its default. The token may come from <c>HYPERCONN_ADMIN_TOKEN</c>.</summary>
    public static DashboardOptions Dashboard(Config file)
    {
        var options = new DashboardOptions { AdminToken = Environment.GetEnvironmentVariable("HYPERCONN_ADMIN_TOKEN") is { Length: > 0 } token ? token : null };
        if (Section(file, "dashboard") is not { } config)
            return options;
        options.Enabled = config.GetBoolean("enabled", options.Enabled);
        options.Url = config.GetString("url", options.Url);
        options.AdminToken = Text(config, "admin-token") ?? options.AdminToken;
        options.AllowPlainHttp = config.GetBoolean("allow-plain-http", options.AllowPlainHttp);
        options.CertificatePath = Text(config, "certificate-path");
        options.CertificateKeyPath = Text(config, "certificate-key-path");
        options.AllowedHosts = config.GetStringList("allowed-hosts", []);
        options.Title = Text(config, "title");
        options.SampleInterval = config.GetTimeSpan("sample-interval", options.SampleInterval, allowInfinite: false);
        options.HistorySamples = config.GetInt("history-samples", options.HistorySamples);
        return options;
    }

    /// <summary>Reads the settings of telemetry; what is missing keeps its default.</summary>
    public static TelemetryOptions Telemetry(Config file)
    {
        var options = new TelemetryOptions();
        if (Section(file, "telemetry") is not { } config)
            return options;
        options.Prometheus = config.GetBoolean("prometheus", options.Prometheus);
        options.OtlpEndpoint = Text(config, "otlp-endpoint");
        options.OtlpProtocol = config.GetString("otlp-protocol", options.OtlpProtocol);
        options.NpgsqlMetrics = config.GetBoolean("npgsql-metrics", options.NpgsqlMetrics);
        options.TraceRatio = config.GetDouble("trace-ratio", options.TraceRatio);
        return options;
    }

    private static Config? Section(Config file, string name) => file.HasPath($"hyperconn-host.{name}") ? file.GetConfig($"hyperconn-host.{name}") : null;

    private static string? Text(Config config, string key) => config.HasPath(key) && config.GetString(key) is { Length: > 0 } text ? text : null;
}
