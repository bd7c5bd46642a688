using HyperConn.Host.Demo;
using HyperConn.Testing;
using HyperConn.Tests;

namespace HyperConn.Events.Tests.Outbox;

/// <summary>The outbox while its server is killed and started again.</summary>
public sealed class OutboxRestartTests
{
    [SkippableFact]
    public async Task Nothing_is_lost_and_order_is_kept_over_kills_of_the_server()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var connectionString = server.Admin();
        connectionString.Timeout = 3;
        await using var world = new OutboxWorld(connectionString.ConnectionString, "hyperconn_outbox");
        await world.CreateAsync();
        await world.SendAsync(0, 1_500, tenants: 10);
        var options = world.Options;
        (options.Lease, options.PollInterval, options.BatchSize) = (TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(50), 20);
        options.Timeout = TimeSpan.FromSeconds(3);
        // Committed effects, as an inbox would have them: by id, once.
        var effects = new List<(string Org, int Number)>();
        var seen = new HashSet<string>();
        var pumps = Enumerable.Range(0, 2).Select(_ => new SourcePump(new OutboxEventSource(options), HandleAsync, room: 30)).ToList();

        for (var kill = 1; kill <= 3; kill++)
        {
            var mark = kill * 300;
            await SourcePump.UntilAsync(() => Count() >= mark, $"{mark} handled");
            await server.Control!.KillAsync();
            await Task.Delay(500);
            await server.Control.StartAsync();
        }

        await SourcePump.UntilAsync(
            async () =>
            {
                try
                {
                    return await world.LeftAsync() == 0;
                }
                catch (Npgsql.NpgsqlException)
                {
                    return false;
                }
            },
            "all ended");

        foreach (var pump in pumps)
            await pump.DisposeAsync();
        Assert.Equal(1_500, effects.Count);
        foreach (var tenant in effects.GroupBy(effect => effect.Org))
            Assert.Equal(tenant.Select(effect => effect.Number).Order(), tenant.Select(effect => effect.Number));

        int Count()
        {
            lock (effects)
                return effects.Count;
        }

        async Task HandleAsync(SourcePump pump, TenantDelivery delivery)
        {
            await Task.Delay(5);
            var fresh = false;
            lock (effects)
            {
                fresh = seen.Add(delivery.Event!.Id);
                if (fresh)
                    effects.Add((delivery.Event.Tenant.Org, int.Parse(delivery.Event.Id, System.Globalization.CultureInfo.InvariantCulture)));
            }

            await pump.EndAsync(delivery, fresh ? EventResult.Handled : EventResult.Duplicate);
        }
    }
}
