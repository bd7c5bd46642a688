using System.Diagnostics.Metrics;
using HyperConn.Tests.Support;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class SeveralHostsTests(RoomyServer server)
{
    private static readonly TenantKey Tenant = TenantKey.Create("core", "several-hosts");

    [SkippableFact]
    public async Task Of_an_evicted_pool_of_several_hosts_Npgsql_keeps_nothing()
    {
        var provisioned = server.Tenants[7];
        var login = provisioned.Login;
        var secrets = server.Secrets().Put(
            Tenant,
            $"Host=127.0.0.1:{server.Server.Port},localhost:{server.Server.Port};Database={provisioned.Database};Username={login.User};Password='{login.Password.Replace("'", "''", StringComparison.Ordinal)}'");
        await using var host = await PoolsHost.StartAsync(secrets);
        for (var i = 0; i < 3; i++)
        {
            await using (await host.Pools.OpenConnectionAsync(Tenant))
                Assert.True(DataSources() > 0);
            Assert.Equal(EvictResult.Evicted, await host.Pools.EvictAsync(Tenant));
        }

        // What Npgsql measures it holds on to.
        await Until.TrueAsync(() => DataSources() == 0, () => $"{DataSources()} data sources of the tenant are left.");
    }

    private static int DataSources()
    {
        var count = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument is { Meter.Name: "Npgsql", Name: "db.client.connection.max" or "db.client.connections.max" })
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((_, _, tags, _) =>
        {
            foreach (var (_, value) in tags)
                count += value as string == Tenant.ToString() ? 1 : 0;
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return count;
    }
}
