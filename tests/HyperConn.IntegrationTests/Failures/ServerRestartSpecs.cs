using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>The server goes away and comes back under load.</summary>
[Collection(FailureCollection.Name)]
public sealed class ServerRestartSpecs(ITestOutputHelper output)
{
    private const int OpensAtOnce = 4;

    // A second without use and a second until that is noticed: from then on a connection is asked before it is handed out.
    private static readonly TimeSpan UntilIdle = TimeSpan.FromSeconds(2.5);

    [SkippableFact]
    public async Task Killed_five_times_under_load_only_statements_in_flight_fail_and_no_herd_comes_after()
    {
        await using var scene = await FailureServer.StartAsync(20);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options => options.Servers.MaxConcurrentOpens = OpensAtOnce);
        var refused = new ConcurrentQueue<Exception>();
        var broken = new ConcurrentQueue<(long OpenedAt, Exception Fault)>();
        await using var load = Load.Start(40, async number =>
        {
            var tenant = scene.Tenants.Tenants[number % 20];
            Npgsql.NpgsqlConnection connection;
            try
            {
                connection = await manager.Pools.OpenConnectionAsync(tenant.Key);
            }
            catch (Exception fault)
            {
                refused.Enqueue(fault);
                throw;
            }

            await using var _ = connection;
            var openedAt = Stopwatch.GetTimestamp();
            try
            {
                Assert.Equal(tenant.BaseUser, (await Manager.AskAsync(connection)).User);
            }
            catch (Exception fault)
            {
                broken.Enqueue((openedAt, fault));
                throw;
            }
        });

        var outages = new List<(long Down, long Up)>();
        for (var round = 0; round < 5; round++)
        {
            await load.PassAsync(500);
            var down = Stopwatch.GetTimestamp();
            await scene.Server.Control!.KillAsync();
            await Task.Delay(200);
            await scene.Server.Control.StartAsync();
            outages.Add((down, Stopwatch.GetTimestamp()));
            await load.PassAsync(500);
        }

        await load.StopAsync();
        var atServer = await scene.MostLoginsAtOnceAsync();
        output.WriteLine($"{load.Done} operations, {broken.Count} statements broken, {manager.Opens} opens, at most {manager.MostOpensAtOnce} at once; the server saw at most {atServer}");
        Assert.True(refused.IsEmpty, $"{refused.Count} opens failed, first: {refused.FirstOrDefault()}");
        Assert.All(broken, one => Assert.Contains(outages, outage => one.OpenedAt <= outage.Up));

        // At most one statement of each worker was in flight when the server died; what came back dead was not handed out again.
        Assert.True(broken.Count <= 5 * 2 * 40, $"{broken.Count} statements broken");

        Assert.InRange(manager.MostOpensAtOnce, 1, OpensAtOnce);
        Assert.InRange(atServer, 1, OpensAtOnce);
        Assert.True(manager.Logs.Count(1023) >= 5, "each return shows in the log");
        Assert.Equal(manager.Logs.Count(1022), manager.Logs.Count(1023));
        Assert.Empty((await manager.Pools.GetStatisticsAsync()).Circuits);
    }

    [SkippableFact]
    public async Task Pools_that_were_idle_while_the_server_restarted_hand_out_no_dead_connection()
    {
        await using var scene = await FailureServer.StartAsync(3);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url);
        foreach (var tenant in scene.Tenants.Tenants)
        {
            await using var one = await manager.Pools.OpenConnectionAsync(tenant.Key);
            await using var two = await manager.Pools.OpenConnectionAsync(tenant.Key);
        }

        await Task.Delay(UntilIdle);
        await scene.Server.Control!.StopAsync();
        await scene.Server.Control.StartAsync();

        foreach (var tenant in scene.Tenants.Tenants)
        {
            await using var one = await manager.Pools.OpenConnectionAsync(tenant.Key);
            await using var two = await manager.Pools.OpenConnectionAsync(tenant.Key);
            Assert.Equal(tenant.BaseUser, (await Manager.AskAsync(one)).User);
            Assert.Equal(tenant.BaseUser, (await Manager.AskAsync(two)).User);
        }
    }

    [SkippableFact]
    public async Task Callers_wait_for_a_server_that_starts_and_are_told_when_their_time_is_up()
    {
        await using var scene = await FailureServer.StartAsync(2);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options => options.Pools.AcquireTimeout = TimeSpan.FromSeconds(3));

        // One whose callers have the time that a server may take to start.
        await using var patient = await Manager.StartAsync(scene.Secrets.Url, options => options.Pools.AcquireTimeout = TimeSpan.FromSeconds(60));
        var tenant = scene.Tenants.Tenants[0].Key;
        await manager.AskAsync(tenant);
        await patient.AskAsync(tenant);
        await Task.Delay(UntilIdle);
        await scene.Server.Control!.StopAsync();

        var failure = await manager.RefusalAsync(tenant);
        Assert.Equal((HyperConnErrorCode.ServerUnreachable, true), (failure.Code, failure.RetryAt is not null));
        var circuit = Assert.Single((await manager.Pools.GetStatisticsAsync()).Circuits);
        Assert.Equal((CircuitState.Open, HyperConnErrorCode.ServerUnreachable), (circuit.State, circuit.Failure.Code));

        var opens = scene.Tenants.Tenants.Select(each => patient.AskAsync(each.Key)).ToArray();
        await scene.Server.Control.StartAsync();
        await Task.WhenAll(opens);
        Assert.Empty((await patient.Pools.GetStatisticsAsync()).Circuits);
    }
}
