using System.Diagnostics;
using HyperConn.Tests.Support;
using Npgsql;
using Xunit.Abstractions;

namespace HyperConn.Tests.Budgets;

[Collection(SmallServerCollection.Name)]
public class FairnessTests(SmallServer server, ITestOutputHelper output)
{
    private const int QuietTenants = 20;
    private const int NoisyWorkers = 200;

    [SkippableFact]
    public async Task A_noisy_tenant_makes_no_quiet_tenant_wait_four_times_as_long()
    {
        // Ten permits for twenty quiet tenants: they wait for each other also when nobody is noisy.
        var alone = await MeasureAsync(noisy: false);
        var beside = await MeasureAsync(noisy: true);

        output.WriteLine($"p99 of the waits, worst tenant: {alone.Worst:0.0} ms alone, {beside.Worst:0.0} ms beside the noisy one");
        output.WriteLine($"p99 over all: {alone.All:0.0} ms alone, {beside.All:0.0} ms beside; operations {alone.Count} and {beside.Count}, noisy {beside.Noisy}");
        foreach (var (tenant, p99) in beside.ByTenant)
            Assert.True(p99 < 4 * alone.Worst, $"{tenant}: p99 {p99:0.0} ms beside the noisy one; {alone.ByTenant[tenant]:0.0} ms alone, {alone.Worst:0.0} ms the worst.");
        Assert.True(beside.Noisy > 0);
    }

    private async Task<Waits> MeasureAsync(bool noisy)
    {
        await using var host = await server.StartAsync(o =>
        {
            o.Servers.MaxConnections = 10;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60);
        });
        var waits = server.Tenants.Take(QuietTenants).ToDictionary(tenant => tenant.Key, _ => new List<double>());
        var quiet = waits.Keys.ToArray();
        var loud = server.Tenants[^1].Key;
        var (noise, duration) = (0, Soak.Duration(8));
        await Soak.RunAsync(QuietTenants + (noisy ? NoisyWorkers : 0), duration, async (worker, random) =>
        {
            var tenant = worker < QuietTenants ? quiet[worker] : loud;
            var asked = Stopwatch.GetTimestamp();
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            if (worker < QuietTenants)
                waits[tenant].Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            else
                Interlocked.Increment(ref noise);
            await Task.Delay(random.Next(10, 30));
        });
        var byTenant = waits.ToDictionary(w => w.Key, w => P99(w.Value));
        return new Waits(byTenant, byTenant.Values.Max(), P99([.. waits.Values.SelectMany(w => w)]), waits.Values.Sum(w => w.Count), noise);
    }

    private static double P99(List<double> values)
    {
        values.Sort();
        return values[(int)((values.Count - 1) * 0.99)];
    }

    private sealed record Waits(IReadOnlyDictionary<TenantKey, double> ByTenant, double Worst, double All, int Count, int Noisy);

    [SkippableFact]
    public async Task Two_greedy_tenants_get_the_same_share()
    {
        await using var host = await server.StartAsync(o =>
        {
            o.Servers.MaxConnections = 5;
            o.Servers.Quantum = 4;
        });
        var (first, second) = (server.Tenants[0].Key, server.Tenants[1].Key);
        var served = new int[2];
        await Soak.RunAsync(60, Soak.Duration(4), async (worker, _) =>
        {
            // Five times as many ask for the first tenant.
            var number = worker < 50 ? 0 : 1;
            await using var connection = await host.Pools.OpenConnectionAsync(number == 0 ? first : second);
            await Task.Delay(5);
            Interlocked.Increment(ref served[number]);
        });
        output.WriteLine($"{served[0]} and {served[1]} served");
        Assert.True(served[1] * 3 > served[0], $"{served[0]} and {served[1]} served.");
    }

    [SkippableFact]
    public async Task Ten_callers_of_a_cold_tenant_share_a_few_connections()
    {
        await using var host = await server.StartAsync();
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => host.Runtime.Servers.Values.SingleOrDefault());
        var most = 0;
        const int Tenants = 20;
        for (var i = 0; i < Tenants; i++)
        {
            var tenant = server.Tenants[i].Key;
            var processes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(async () =>
            {
                await using var connection = await host.Pools.OpenConnectionAsync(tenant);
                await using var command = new NpgsqlCommand("select pg_backend_pid()", connection);
                return (int)(await command.ExecuteScalarAsync())!;
            })));
            most += processes.Distinct().Count();
        }

        output.WriteLine($"{most / (double)Tenants:0.0} connections for ten callers, on average");
        Assert.True(most < 5 * Tenants, $"{most / (double)Tenants:0.0} connections on average.");
    }
}
