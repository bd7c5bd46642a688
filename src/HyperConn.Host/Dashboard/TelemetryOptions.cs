using Npgsql;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace HyperConn.Host;

/// <summary>Where telemetry goes; configuration section <c>HyperConn:Telemetry</c>.</summary>
internal sealed class TelemetryOptions
{
    /// <summary>Serves <c>/metrics</c> for Prometheus beside the dashboard. Default true.</summary>
    public bool Prometheus { get; set; } = true;

    /// <summary>Address of an OTLP collector, such as <c>http://localhost:4317</c>; null (default): nothing is sent.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary><c>grpc</c> (default) or <c>http/protobuf</c>.</summary>
    public string OtlpProtocol { get; set; } = "grpc";

    /// <summary>Adds Npgsql's own metrics, one time series for each pool. Default false: thousands of tenants make that costly.</summary>
    public bool NpgsqlMetrics { get; set; }

    /// <summary>Share of traces that are sampled, 0 to 1. Default 1.</summary>
    public double TraceRatio { get; set; } = 1;

    internal void Meters(MeterProviderBuilder metrics)
    {
        metrics.AddMeter(HyperConnTelemetry.MeterName);
        if (NpgsqlMetrics)
            metrics.AddMeter("Npgsql");
    }
}

/// <summary>Sends telemetry to a collector.</summary>
internal static class HyperConnExport
{
    /// <summary>Adds the OTLP exporters of metrics and traces, where an endpoint is configured.</summary>
    public static IServiceCollection AddHyperConnExport(this IServiceCollection services, TelemetryOptions options)
    {
        if (options.OtlpEndpoint is not { Length: > 0 } text)
            return services;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var endpoint))
            throw new InvalidOperationException("Telemetry:OtlpEndpoint is not an address.");
        void Configure(OtlpExporterOptions otlp, string signal)
        {
            var http = options.OtlpProtocol == "http/protobuf";
            otlp.Protocol = http ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
            otlp.Endpoint = http ? new Uri(endpoint, $"/v1/{signal}") : endpoint;
        }

        services.AddOpenTelemetry()
            .WithMetrics(metrics =>
            {
                options.Meters(metrics);
                metrics.AddOtlpExporter(otlp => Configure(otlp, "metrics"));
            })
            .WithTracing(tracing => tracing
                .AddSource(HyperConnTelemetry.ActivitySourceName)
                .AddNpgsql()
                .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.TraceRatio)))
                .AddOtlpExporter(otlp => Configure(otlp, "traces")));
        return services;
    }
}
