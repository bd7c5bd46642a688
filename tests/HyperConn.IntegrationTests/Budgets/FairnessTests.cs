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
    private const int WaitsOfEach = 10;

    [SkippableFact]
    public async Task A_quiet_tenant_does_not_wait_behind_a_noisy_one()
    {
        // Ten permits for twenty quiet tenants, whose single callers wait for each other also when nobody is noisy. Judged is the order of
        // service, which a slow machine leaves as it is: of the two hundred noisy callers that wait all the time, how many are served between
        // a quiet one's request and its connection? In order of arrival all of them would be.
        await using var host = await server.StartAsync(o =>
        {
            o.Servers.MaxConnections = 10;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(120);
        });
        var quiet = server.Tenants.Take(QuietTenants).Select(tenant => tenant.Key).ToArray();
        var loud = server.Tenants[^1].Key;
        var waits = quiet.Select(_ => new List<(int Overtaken, double Milliseconds)>()).ToArray();
        var noise = 0;
        using var stop = new CancellationTokenSource();
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(60));
        var noisy = Enumerable.Range(0, NoisyWorkers).Select(number => Task.Run(async () =>
        {
            var random = new Random(number);
            while (!stop.IsCancellationRequested)
            {
                await using var connection = await host.Pools.OpenConnectionAsync(loud);
                Interlocked.Increment(ref noise);
                await Task.Delay(random.Next(20, 60));
            }
        })).ToArray();

        // What is cold at first is not what is measured.
        for (; Volatile.Read(ref noise) < 2 * NoisyWorkers; await Task.Delay(20))
            Assert.DoesNotContain(noisy, worker => worker.IsFaulted);
        await Task.WhenAll(quiet.Select((tenant, number) => Task.Run(async () =>
        {
            var random = new Random(-number);
            for (var use = 0; use <= WaitsOfEach; use++)
            {
                var (before, asked) = (Volatile.Read(ref noise), Stopwatch.GetTimestamp());
                await using var connection = await host.Pools.OpenConnectionAsync(tenant);
                if (use > 0)
                    waits[number].Add((Volatile.Read(ref noise) - before, Stopwatch.GetElapsedTime(asked).TotalMilliseconds));
                watchdog.Step();
                await Task.Delay(random.Next(20, 60));
            }
        })));
        await stop.CancelAsync();
        await Task.WhenAll(noisy);

        await watchdog.AssertNoStallAsync();
        var all = waits.SelectMany(each => each).ToArray();
        output.WriteLine(
            $"{all.Length} quiet waits: median {all.Select(wait => wait.Milliseconds).Order().ElementAt(all.Length / 2):0} ms, worst {all.Max(wait => wait.Milliseconds):0} ms; "
            + $"overtaken by {all.Average(wait => wait.Overtaken):0.0} noisy callers on average, by {all.Max(wait => wait.Overtaken)} at most; {noise} of those were served");
        foreach (var each in waits)
            Assert.True(each.Average(wait => wait.Overtaken) < NoisyWorkers / 4, $"Overtaken by {string.Join(", ", each.Select(wait => wait.Overtaken))} noisy callers.");
    }

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
        int[]? start = null;
        using var enough = new CancellationTokenSource();
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(60));
        await Task.WhenAll(Enumerable.Range(0, 60).Select(worker => Task.Run(async () =>
        {
            // Five times as many ask for the first tenant.
            var number = worker < 50 ? 0 : 1;
            while (!enough.IsCancellationRequested)
            {
                await using var connection = await host.Pools.OpenConnectionAsync(number == 0 ? first : second);
                await Task.Delay(5);
                lock (served)
                {
                    // Counted from when both are there, and for so many leases, however long they take.
                    served[number]++;
                    if (start is null && served.Min() >= 20)
                        start = [.. served];
                    if (start is not null && served.Sum() - start.Sum() >= 1_000)
                        enough.Cancel();
                }

                watchdog.Step();
            }
        })));
        await watchdog.AssertNoStallAsync();
        var (ofFirst, ofSecond) = (served[0] - start![0], served[1] - start[1]);
        output.WriteLine($"{ofFirst} and {ofSecond} served");
        Assert.True(ofSecond * 3 > ofFirst, $"{ofFirst} and {ofSecond} served.");
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
