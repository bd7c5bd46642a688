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
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    [SkippableFact]
    public async Task A_noisy_tenant_makes_no_quiet_tenant_wait_four_times_as_long()
    {
        // Ten permits for twenty quiet tenants: they wait for each other also when nobody is noisy. All of them ask for the same, so one
        // number stands for what a tenant waits alone.
        var alone = await MeasureAsync(noisy: false);
        var beside = await MeasureAsync(noisy: true);
        var reference = alone.ByTenant.Values.Order().ElementAt(QuietTenants / 2);

        output.WriteLine($"p99 of a quiet tenant's waits alone: median {reference:0} ms, worst {alone.ByTenant.Values.Max():0} ms, of {alone.Count} waits");
        output.WriteLine(
            $"beside the noisy one: median {beside.ByTenant.Values.Order().ElementAt(QuietTenants / 2):0} ms, worst {beside.ByTenant.Values.Max():0} ms, "
            + $"of {beside.Count} waits; {beside.Noisy} of the noisy one were served");
        foreach (var (tenant, p99) in beside.ByTenant)
            Assert.True(p99 < 4 * reference, $"{tenant}: p99 {p99:0} ms beside the noisy one, {reference:0} ms alone.");
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
        var noise = 0;

        // What is cold at first is cold in both measurements, and is not what is measured.
        var measured = DateTime.UtcNow + WarmUp;
        await Soak.RunAsync(QuietTenants + (noisy ? NoisyWorkers : 0), WarmUp + Soak.Duration(8), async (worker, random) =>
        {
            var tenant = worker < QuietTenants ? quiet[worker] : loud;
            var (counts, asked) = (DateTime.UtcNow >= measured, Stopwatch.GetTimestamp());
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            if (worker >= QuietTenants)
                Interlocked.Increment(ref noise);
            else if (counts)
                waits[tenant].Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            await Task.Delay(random.Next(10, 30));
        });
        return new Waits(waits.ToDictionary(w => w.Key, w => P99(w.Value)), waits.Values.Sum(w => w.Count), noise);
    }

    /// <summary>By nearest rank: of fewer than a hundred values, the largest.</summary>
    private static double P99(List<double> values)
    {
        values.Sort();
        return values[(int)Math.Ceiling(values.Count * 0.99) - 1];
    }

    private sealed record Waits(IReadOnlyDictionary<TenantKey, double> ByTenant, int Count, int Noisy);

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
