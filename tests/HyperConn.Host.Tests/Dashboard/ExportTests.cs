using HyperConn.Host;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace HyperConn.Tests.Dashboard;

/// <summary>What a collector gets of a host that works on a real PostgreSQL.</summary>
public sealed class ExportTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Patience = 120_000;

    [SkippableTheory]
    [InlineData(TelemetryOptions.Grpc)]
    [InlineData(TelemetryOptions.HttpProtobuf)]
    public async Task Metrics_and_traces_reach_a_collector_and_no_secret_does(string protocol)
    {
        await using var collector = await OtlpCollector.StartAsync(protocol == TelemetryOptions.Grpc);
        await using var manager = await RealManager.StartAsync(
            postgres, 2, telemetry: new TelemetryOptions { OtlpEndpoint = collector.Address, OtlpProtocol = protocol });
        foreach (var tenant in manager.Tenants)
            await manager.UseAsync(tenant.Key);
        await RealManager.UntilAsync(() => Task.FromResult(manager.Services.GetRequiredService<IStatisticsSource>().Latest is { Pools: 2 }));

        Assert.True(manager.Services.GetRequiredService<MeterProvider>().ForceFlush(Patience));
        Assert.True(manager.Services.GetRequiredService<TracerProvider>().ForceFlush(Patience));

        var metrics = collector.Received("metrics");
        foreach (var name in new[] { "hyperconn.pool.count", "hyperconn.acquire.duration", "hyperconn.secret.calls", "hyperconn.server.permit.limit", "service.name" })
            Assert.Contains(name, metrics, StringComparison.Ordinal);
        var traces = collector.Received("trace");
        foreach (var name in new[] { "hyperconn.acquire", "hyperconn.resolve", "hyperconn.connect" })
            Assert.Contains(name, traces, StringComparison.Ordinal);
        foreach (var tenant in manager.Tenants)
            Assert.DoesNotContain(tenant.Login.Password, metrics + traces, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_collector_that_is_not_there_disturbs_nothing()
    {
        await using var manager = await RealManager.StartAsync(postgres, 1, telemetry: new TelemetryOptions { OtlpEndpoint = "http://127.0.0.1:9" });
        await manager.UseAsync(manager.Tenants[0].Key);

        manager.Services.GetRequiredService<TracerProvider>().ForceFlush(1_000);

        await manager.UseAsync(manager.Tenants[0].Key);
        Assert.Equal(0, (await manager.Pools.GetStatisticsAsync()).FailedAcquisitions);
    }
}
