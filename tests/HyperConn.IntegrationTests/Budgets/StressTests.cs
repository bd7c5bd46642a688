using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Budgets;

[Collection(SmallServerCollection.Name)]
public class StressTests(SmallServer server, ITestOutputHelper output)
{
    private const int Workers = 64;

    [SkippableFact]
    public async Task Three_hundred_tenants_on_forty_connections_never_exceed_them_and_lose_no_permit()
    {
        var tenants = server.Tenants;
        await using var host = await server.StartAsync(o =>
        {
            o.Pools.MaxPools = 150;
            o.Pools.IdleTimeToLive = TimeSpan.FromMilliseconds(200);
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(20);
        });
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => host.Runtime.Servers.Values.SingleOrDefault());
        await using var watchdog = new Watchdog(
            TimeSpan.FromSeconds(30), () => $"{host.Server.Waiting} wait, {host.Server.Granted} of {host.Server.Limit} granted, {host.Runtime.Generations.LeasesOpen} leases.");
        var (duration, cancelled, opened) = (Soak.Duration(20), 0, 0);

        // In four parts, with a quiet point after each.
        for (var part = 0; part < 4; part++)
        {
            await Soak.RunAsync(Workers, duration / 4, async (_, random) =>
            {
                var tenant = tenants[(int)(tenants.Count * Math.Pow(random.NextDouble(), 2))].Key;
                if (random.Next(20) == 0)
                    await host.Pools.EvictAsync(tenant);
                using var patience = new CancellationTokenSource();
                if (random.Next(5) == 0)
                    patience.CancelAfter(random.Next(60));
                try
                {
                    await using var connection = await host.Pools.OpenConnectionAsync(tenant, patience.Token);
                    await server.Oracle.AssertOwnedAsync(connection, tenant);
                    if (random.Next(3) == 0)
                        await Task.Delay(random.Next(30));
                    Interlocked.Increment(ref opened);
                }
                catch (OperationCanceledException) when (patience.IsCancellationRequested)
                {
                    Interlocked.Increment(ref cancelled);
                }

                watchdog.Step();
            });
            await AssertQuietAsync(host);
            watchdog.Step();
        }

        await watchdog.AssertNoStallAsync();
        var server1 = (await host.Pools.GetStatisticsAsync()).Servers.Single();
        output.WriteLine(
            $"{opened} opened, {cancelled} cancelled, {watch.Samples} samples, peak {watch.Peak} sessions, {watch.PeakGranted} permits of {server1.Limit}, "
            + $"{server1.Reclaims} reclaims, {server1.Refusals} refusals, longest pause {watchdog.LongestPause.TotalMilliseconds:0} ms");
        Assert.Equal(29, server1.Limit);
        Assert.Equal(0, server1.TimedOut);
        Assert.Equal(0, await host.Pools.DrainAllAsync());
        var left = (await host.Pools.GetStatisticsAsync()).Servers.Single();
        Assert.Equal((0, 0, 0), (left.InUse, left.IdleHeld, left.Waiting));
        await host.StopAsync();
        await watch.AssertNoneAsync();
        watch.AssertNeverExceeded();
    }

    /// <summary>No lease, no waiter, and what the budget counts is what the pools hold.</summary>
    private static async Task AssertQuietAsync(PoolsHost host)
    {
        HyperConnStatistics statistics = null!;
        await Until.TrueAsync(
            async () =>
            {
                statistics = await host.Pools.GetStatisticsAsync();
                var held = host.Runtime.Generations.Sum(generation => generation.Word.Permits);
                var one = statistics.Servers.Single();
                return statistics.Leases == 0 && one.Waiting == 0 && one.InUse == 0 && one.Opening == 0 && one.IdleHeld == held;
            },
            () =>
            {
                var last = statistics.Servers.Single();
                return $"{statistics.Leases} leases, {last.Waiting} wait, {last.InUse} in use, {last.Opening} opening, {last.IdleHeld} idle-held, "
                    + $"but pools hold {host.Runtime.Generations.Sum(generation => generation.Word.Permits)}.";
            });
    }
}
