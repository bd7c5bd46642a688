using System.Net;
using HyperConn.AspNetCore.Tests.Support;
using HyperConn.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.AspNetCore.Tests;

/// <summary>Requests that are cut off, hosts that stop, and an actor system that ends: nothing is left, on either side.</summary>
public sealed class LifetimeTests(Shops shops) : IClassFixture<Shops>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task Callers_that_go_at_any_moment_leave_no_lease_and_no_permit()
    {
        const int Most = 8;
        await using var host = await StartAsync(o => (o.Servers.MaxConnections, o.Connections.MaxPerTenant) = (Most, 3));
        var (served, cut) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 25; i++)
            {
                // While it waits for its turn, while it opens, while it runs, while it is answered.
                using var gone = new CancellationTokenSource(i % 4 == 0 ? Patience : TimeSpan.FromMilliseconds(random.Next(1, 60)));
                try
                {
                    using var response = await host.GetAsync("/slow/0.01", shops.All[random.Next(shops.All.Count)].Key.Org, gone.Token);
                    Interlocked.Increment(ref served);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref cut);
                }
            }
        })));

        await host.UntilNoLeasesAsync();
        Assert.True(cut > 50 && served > 0, $"{served} served, {cut} cut off: this load shows nothing");
        await SourcePump.UntilAsync(async () => (await host.Pools.GetStatisticsAsync()).Servers.Single() is { InUse: 0, Waiting: 0, Opening: 0 }, "no permit is in use");
        // All that the budget has can be had at once: none was lost.
        var all = await Task.WhenAll(Enumerable.Range(0, Most).Select(i => host.Pools.OpenConnectionAsync(shops.All[i % shops.All.Count].Key).AsTask()));
        Assert.InRange(await shops.Provisioner.CountSessionsAsync(), Most, Most + 2);
        foreach (var connection in all)
            await connection.DisposeAsync();
    }

    [SkippableFact]
    public async Task A_host_that_stops_serves_the_last_request_and_then_drains()
    {
        await using var host = await StartAsync();
        var slow = Enumerable.Range(0, 4).Select(i => host.GetAsync("/slow/1.5", shops.All[i].Key.Org)).ToArray();
        await SourcePump.UntilAsync(async () => (await host.Pools.GetStatisticsAsync()).Leases == 4, "four requests have their connections");

        await host.StopAsync().WaitAsync(Patience);

        foreach (var request in slow)
        {
            Assert.True(request.IsCompleted, "The host stopped before its last request was answered.");
            Assert.Equal("done", await (await request).EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        }

        await UntilNoSessionsAsync();
    }

    [SkippableFact]
    public async Task Requests_that_have_begun_get_their_connection_though_the_host_stops()
    {
        var begun = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        await using var host = await ShopHost.StartAsync(shops.All, s => s.WithTenantFromHeader("X-Tenant"), app => app.MapGet("/late", async (ITenantPools pools, ITenantAccessor tenant) =>
        {
            begun.SetResult();
            await goOn.Task;
            return await ShopEndpoints.WhoAsync(pools, tenant, CancellationToken.None);
        }));
        var late = host.GetAsync("/late", shops.All[0].Key.Org);
        await begun.Task.WaitAsync(Patience);
        var stopping = host.StopAsync();
        // New callers find nobody; this one is still to be served.
        await SourcePump.UntilAsync(async () => await IsClosedAsync(host.Client.BaseAddress!), "the port is closed");
        goOn.SetResult();

        Assert.Equal(ShopEndpoints.Expected(shops.All[0]), await (await late).Content.ReadAsStringAsync());
        await stopping.WaitAsync(Patience);
        await UntilNoSessionsAsync();
    }

    [SkippableFact]
    public async Task An_actor_system_that_ends_under_the_requests_waits_for_their_leases_and_refuses_others()
    {
        await using var host = await StartAsync();
        var slow = host.GetAsync("/slow/1.5", shops.All[0].Key.Org);
        await SourcePump.UntilAsync(async () => (await host.Pools.GetStatisticsAsync()).Leases == 1, "the request has its connection");

        var ending = host.Actors.Terminate();
        await SourcePump.UntilAsync(async () => (await host.GetAsync("/who", shops.All[1].Key.Org)).StatusCode == HttpStatusCode.ServiceUnavailable, "others are refused");
        using (var refused = await host.GetAsync("/who", shops.All[1].Key.Org))
        {
            Assert.Equal(TenantProblemCodes.Unavailable, (await ShopHost.ProblemAsync(refused)).Code);
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        Assert.Equal("done", await (await slow).EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        await ending.WaitAsync(Patience);
        await UntilNoSessionsAsync();
        await host.StopAsync().WaitAsync(Patience);
    }

    [SkippableFact]
    public async Task Two_hosts_in_one_process_keep_to_themselves_and_one_can_be_started_again()
    {
        await using var steady = await StartAsync();
        for (var round = 0; round < 3; round++)
        {
            await using var other = await StartAsync();
            await Task.WhenAll(shops.All.SelectMany(shop => new[] { steady, other }.Select(async host =>
                Assert.Equal(ShopEndpoints.Expected(shop), await (await host.GetAsync("/who", shop.Key.Org)).Content.ReadAsStringAsync()))));
            Assert.NotSame(steady.Pools, other.Pools);
            await other.StopAsync().WaitAsync(Patience);

            // What ended was the other's alone.
            Assert.Equal(HttpStatusCode.OK, (await steady.GetAsync("/who", shops.All[0].Key.Org)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await steady.GetAsync("/readyz", null)).StatusCode);
        }

        await steady.StopAsync().WaitAsync(Patience);
        await UntilNoSessionsAsync();
    }

    private Task<ShopHost> StartAsync(Action<HyperConnOptions>? configure = null) =>
        ShopHost.StartAsync(shops.All, s => s.WithTenantFromHeader("X-Tenant"), ShopEndpoints.Map, configure);

    private Task UntilNoSessionsAsync() => SourcePump.UntilAsync(async () => await shops.Provisioner.CountSessionsAsync() == 0, "no session is left");

    private static async Task<bool> IsClosedAsync(Uri address)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        try
        {
            await socket.ConnectAsync(address.Host, address.Port);
            return false;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return true;
        }
    }
}
