using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using HyperConn.Diagnostics;
using HyperConn.Tests.Support;

namespace HyperConn.Tests.Pools;

/// <summary>What is measured of a tenant's first acquisition.</summary>
[Collection(RoomyServerCollection.Name)]
public class FirstAcquisitionTests(RoomyServer server)
{
    [SkippableFact]
    public async Task It_is_measured_from_the_call_with_secret_and_pool()
    {
        var secrets = server.Secrets();
        secrets.Delay = token => Task.Delay(700, token);
        await using var host = await PoolsHost.StartAsync(secrets);
        using var measured = new Measured(host);
        await (await host.Pools.OpenConnectionAsync(server.Tenants[0].Key)).DisposeAsync();
        var (seconds, tags) = Assert.Single(measured.Acquisitions);
        Assert.InRange(seconds, 0.6, 60);
        Assert.Equal("cold", tags[HyperConnTelemetry.TagPath]);
        Assert.Equal((1, 0), (host.Runtime.Opening.Counters.Cold, host.Runtime.Opening.Counters.Failed));
    }

    [SkippableFact]
    public async Task One_that_fails_counts_as_failed_and_is_measured_as_such()
    {
        await using var host = await server.StartAsync();
        using var measured = new Measured(host);
        await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(TenantKey.Create("core", "nobody")).AsTask());
        var (_, tags) = Assert.Single(measured.Acquisitions);
        Assert.Contains(tags.Values, value => value is string text && text.Contains("ound", StringComparison.Ordinal));
        Assert.Equal((0, 1), (host.Runtime.Opening.Counters.Cold, host.Runtime.Opening.Counters.Failed));
        Assert.Equal(1, (await host.Pools.GetStatisticsAsync()).FailedAcquisitions);
    }

    private sealed class Measured : IDisposable
    {
        private readonly MeterListener _listener = new();

        public Measured(PoolsHost host)
        {
            var meter = (HyperConnMeter)host.Runtime.Opening.Meter!;
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter, meter.Meter) && instrument.Name == "hyperconn.acquire.duration")
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) => Acquisitions.Enqueue((seconds, tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value))));
            _listener.Start();
        }

        public ConcurrentQueue<(double Seconds, Dictionary<string, object?> Tags)> Acquisitions { get; } = [];

        public void Dispose() => _listener.Dispose();
    }
}
