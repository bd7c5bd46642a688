using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Npgsql;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace HyperConn.Host;

/// <summary>Where telemetry goes; configuration section <c>hyperconn-host.telemetry</c>.</summary>
internal sealed class TelemetryOptions
{
    private const string OfTenants = "hyperconn.tenant.";
    internal const string Grpc = "grpc";
    internal const string HttpProtobuf = "http/protobuf";
    private const string Section = "hyperconn-host.telemetry";

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

    /// <summary>Every reason not to start with these settings.</summary>
    public IEnumerable<string> Faults()
    {
        if (OtlpEndpoint is { Length: > 0 } text && !(Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"))
            yield return $"{Section}.otlp-endpoint is not an http:// or https:// address.";
        if (OtlpProtocol is not (Grpc or HttpProtobuf))
            yield return $"{Section}.otlp-protocol must be {Grpc} or {HttpProtobuf}.";
        if (TraceRatio is not (>= 0 and <= 1))
            yield return $"{Section}.trace-ratio must be from 0 to 1.";
    }

    /// <summary>Listens to the meters of one manager: those of others in the same process were made by another factory.</summary>
    /// <param name="metrics">Who listens.</param>
    /// <param name="services">Where the manager's factory and settings are.</param>
    internal void Meters(MeterProviderBuilder metrics, IServiceProvider services)
    {
        var factory = services.GetService<IMeterFactory>();

        // A series for each labelled tenant and for the others; beyond OpenTelemetry's own limit of 2,000 they would all fall into one.
        var tenants = services.GetService<IOptions<HyperConnOptions>>()?.Value.Diagnostics.MaxTenantLabels + 2 ?? 2_000;
        metrics.AddMeter(HyperConnTelemetry.MeterName);
        metrics.AddView(instrument =>
            instrument.Meter.Scope is { } scope && factory is not null && scope != factory ? MetricStreamConfiguration.Drop
            : instrument.Name.StartsWith(OfTenants, StringComparison.Ordinal) ? new MetricStreamConfiguration { CardinalityLimit = tenants }
            : null);
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
        var endpoint = new Uri(text);
        void Configure(OtlpExporterOptions otlp, string signal)
        {
            var http = options.OtlpProtocol == TelemetryOptions.HttpProtobuf;
            otlp.Protocol = http ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
            otlp.Endpoint = http ? new Uri(endpoint, $"/v1/{signal}") : endpoint;
        }

        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("hyperconn").AddEnvironmentVariableDetector())
            .WithMetrics(metrics =>
            {
                if (metrics is IDeferredMeterProviderBuilder deferred)
                    deferred.Configure((provider, builder) => options.Meters(builder, provider));
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
