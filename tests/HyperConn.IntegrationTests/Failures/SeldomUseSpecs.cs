using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;
using Xunit.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>Tenants that are used every few seconds, as most are, and a server that is killed meanwhile.</summary>
public sealed class SeldomUseSpecs(ITestOutputHelper output)
{
    [SkippableFact]
    public async Task Fifty_tenants_used_every_two_seconds_are_hot_and_five_kills_of_the_server_fail_no_open()
    {
        const int Tenants = 50;
        var every = TimeSpan.FromSeconds(2);
        await using var scene = await FailureServer.StartAsync(Tenants);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url);
        var (refused, broken, uses) = (new ConcurrentQueue<Exception>(), 0, 0);
        using var stop = new CancellationTokenSource();
        var users = scene.Tenants.Tenants.Select((tenant, number) => Task.Run(async () =>
        {
            await WaitAsync(every * number / Tenants);
            using var timer = new PeriodicTimer(every);
            do
            {
                if (await UseAsync(manager, tenant.Key, refused) is not null)
                    Interlocked.Increment(ref broken);
                Interlocked.Increment(ref uses);
            }
            while (await timer.WaitForNextTickAsync(stop.Token).AsTask().ContinueWith(static t => t.IsCompletedSuccessfully && t.Result));
        })).ToArray();

        // Two rounds to be there, and the first answer that is due.
        await WaitAsync(4 * every);
        var best = 0.0;
        for (var window = 0; window < 3 && best < 0.95; window++)
        {
            // A machine that stands still for a second sends everybody off the hot path once: the best of three windows counts.
            var (before, usedBefore) = (await manager.Pools.GetStatisticsAsync(), Volatile.Read(ref uses));
            await WaitAsync(8 * every);
            var (after, used) = (await manager.Pools.GetStatisticsAsync(), Volatile.Read(ref uses) - usedBefore);
            var (hot, probed, cold) = (
                after.HotAcquisitions - before.HotAcquisitions, after.ProbedAcquisitions - before.ProbedAcquisitions, after.ColdAcquisitions - before.ColdAcquisitions);
            output.WriteLine($"{hot} hot, {probed} asked first, {cold} cold of {used} uses");

            // Every use is counted, and as one thing only; each tenant may be in the middle of one at either end.
            Assert.InRange(hot + probed + cold, used - Tenants, used + Tenants);
            best = Math.Max(best, hot / (double)(hot + probed + cold));
        }

        Assert.Equal(0, broken);
        Assert.True(best >= 0.95, $"At best {best:P1} of the opens were hot.");

        for (var kill = 0; kill < 5; kill++)
        {
            await scene.Server.Control!.KillAsync();
            await Task.Delay(200);
            await scene.Server.Control.StartAsync();
            await WaitAsync(1.5 * every);
        }

        await stop.CancelAsync();
        await Task.WhenAll(users);
        output.WriteLine($"{broken} statements broken");
        Assert.True(refused.IsEmpty, $"{refused.Count} opens failed, first: {refused.FirstOrDefault()}");

        // A statement under way, or the first one after: others learn of it.
        Assert.InRange(broken, 0, 5 * 4);
    }

    [SkippableFact]
    public async Task Killed_between_a_lone_tenants_uses_every_five_seconds_the_server_is_not_missed()
    {
        await using var scene = await FailureServer.StartAsync(1);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url);
        var tenant = scene.Tenants.Tenants[0].Key;
        await manager.AskAsync(tenant);
        for (var kill = 0; kill < 5; kill++)
        {
            await WaitAsync(TimeSpan.FromSeconds(2.5));
            await scene.Server.Control!.KillAsync();
            await scene.Server.Control.StartAsync();
            await WaitAsync(TimeSpan.FromSeconds(2.5));

            // Open and statement: what is handed out was asked.
            await manager.AskAsync(tenant);
        }
    }

    [SkippableFact]
    public async Task Who_opens_and_closes_without_a_word_hides_a_restart_for_seconds_only()
    {
        await using var scene = await FailureServer.StartAsync(2);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url);
        var (mute, other) = (scene.Tenants.Tenants[0].Key, scene.Tenants.Tenants[1].Key);
        await manager.AskAsync(mute);
        await manager.AskAsync(other);
        using var stop = new CancellationTokenSource();
        var opening = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await using (await manager.Pools.OpenConnectionAsync(mute))
                {
                }

                await Task.Delay(5);
            }
        });
        await WaitAsync(TimeSpan.FromSeconds(2));
        var health = (await manager.Pools.GetDataSourceAsync(other)).Current!.Health;
        var epoch = health.Epoch;
        await scene.Server.Control!.KillAsync();
        await scene.Server.Control.StartAsync();

        // Five seconds for which what comes back vouches, one until that is silence, half a one until it is noticed: on a machine that has time.
        for (var since = Stopwatch.GetTimestamp(); health.Epoch == epoch; await Task.Delay(20))
            Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(30), "Nobody doubts the server that restarted.");
        await manager.AskAsync(other);
        await stop.CancelAsync();
        await opening;
    }

    private static Task WaitAsync(TimeSpan time) => Task.Delay(time);

    /// <summary>Opens and asks. What broke after the open, or null.</summary>
    private static async Task<Exception?> UseAsync(Manager manager, TenantKey tenant, ConcurrentQueue<Exception> refused)
    {
        NpgsqlConnection connection;
        try
        {
            connection = await manager.Pools.OpenConnectionAsync(tenant);
        }
        catch (Exception fault)
        {
            refused.Enqueue(fault);
            return null;
        }

        await using var _ = connection;
        try
        {
            await Manager.AskAsync(connection);
            return null;
        }
        catch (NpgsqlException fault)
        {
            return fault;
        }
    }
}
