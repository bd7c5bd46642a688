using System.Diagnostics.Metrics;
using HyperConn.Diagnostics;
using HyperConn.Leases;
using HyperConn.Tests.Support;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class HotSampleTests(RoomyServer server)
{
    [SkippableFact]
    public async Task One_hot_open_in_many_is_timed_for_who_listens()
    {
        const int Samples = 4;
        await using var host = await server.StartAsync();
        var meter = (HyperConnMeter)host.Runtime.Opening.Meter!;
        var (hot, sane) = (0, true);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, meter.Meter) && instrument.Name == "hyperconn.acquire.duration")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
        {
            foreach (var (key, value) in tags)
            {
                if (key != HyperConnTelemetry.TagPath || value is not "hot")
                    continue;
                hot++;
                sane &= seconds is > 0 and < 60;
            }
        });
        listener.Start();

        var source = await host.Pools.GetDataSourceAsync(server.Tenants[0].Key);
        await source.OpenConnection().DisposeAsync();
        var (coldBefore, hotBefore) = (host.Runtime.Opening.Counters.Cold, hot);
        for (var i = 0; i < Samples * LeaseWord.SampleEvery; i++)
            await source.OpenConnection().DisposeAsync();

        // On a machine that stands still for a second, the next open is a cold one, and the samples may be one fewer.
        var cold = host.Runtime.Opening.Counters.Cold - coldBefore;
        Assert.InRange(hot - hotBefore, cold == 0 ? Samples : Samples - (int)Math.Min(Samples, cold), Samples);
        Assert.True(sane);
    }
}
