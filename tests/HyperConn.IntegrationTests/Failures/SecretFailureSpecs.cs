using HyperConn.Testing;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>Secrets Manager misbehaves while pools are live.</summary>
[Collection(FailureCollection.Name)]
public sealed class SecretFailureSpecs(ITestOutputHelper output)
{
    [SkippableFact]
    public async Task A_malformed_new_version_is_reported_and_the_old_one_goes_on()
    {
        await using var scene = await FailureServer.StartAsync(1);
        var tenant = scene.Tenants.Tenants[0];
        await using var manager = await Manager.StartAsync(scene.Secrets.Url);
        await manager.AskAsync(tenant.Key);
        foreach (var text in new[] { "not json", "[]", """{"core-postgresql": 7}""", """{"core-postgresql": "mysql://a:b@c/d"}""" })
        {
            scene.Secrets.Put(Manager.SecretName(tenant.Key), text);
            await manager.Pools.RefreshAllAsync();
            await ShowsAsync(manager, tenant.Key, failure => failure?.Code == HyperConnErrorCode.SecretMalformed);
            await manager.AskAsync(tenant.Key);

            // What is reported of the next text must not be what is left of this one.
            scene.Put(tenant.Key, tenant.ConnectionUri);
            await manager.Pools.RefreshAsync(tenant.Key);
            await ShowsAsync(manager, tenant.Key, failure => failure is null);
            await manager.AskAsync(tenant.Key);
        }

        // Three the fetcher can tell, and one only the pool.
        await UntilAsync(() => (manager.Logs.Count(2003), manager.Logs.Count(1012)) == (3, 1));
    }

    [SkippableFact]
    public async Task With_the_store_throttling_live_tenants_go_on_and_new_ones_come_when_it_ends()
    {
        await using var scene = await FailureServer.StartAsync(5);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options => options.Secrets.FailureTimeToLive = TimeSpan.FromSeconds(1));
        await using var load = Load.Start(4, number => manager.AskAsync(scene.Tenants.Tenants[number % 4].Key));
        await load.PassAsync(100);

        scene.Secrets.Script("*", AwsScripts.Throttle);
        var calls = scene.Secrets.Calls.Count;
        await manager.Pools.RefreshAllAsync();
        var fresh = scene.Tenants.Tenants[4].Key;
        Assert.Equal(HyperConnErrorCode.StoreThrottled, (await manager.RefusalAsync(fresh)).Code);
        await Task.Delay(Soak.Duration(3));
        var statistics = await manager.Pools.GetStatisticsAsync();
        Assert.True(statistics.Secrets.Throttled > 0);
        Assert.InRange(scene.Secrets.Calls.Count - calls, 1, 20);
        output.WriteLine($"{load.Done} operations, {scene.Secrets.Calls.Count - calls} calls while it throttled");
        scene.Secrets.Script("*", null);

        await manager.Pools.RefreshAsync(fresh);
        await manager.AskAsync(fresh);
        await load.StopAsync();
        load.AssertNoFaults();
        Assert.True(manager.Logs.Count(2005) >= 1);
    }

    [SkippableFact]
    public async Task With_the_store_down_500_live_tenants_go_on_and_a_new_one_is_told_so_quickly()
    {
        await using var scene = await FailureServer.StartAsync(10);
        var many = new List<TenantKey>();
        for (var i = 0; i < 502; i++)
        {
            many.Add(TenantKey.Create("core", $"many{i}"));
            scene.Put(many[i], scene.Tenants.Tenants[i % 10].ConnectionUri);
        }

        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options =>
        {
            options.Pools.MaxPools = 600;
            options.Connections.NoTypeLoading = true;
            options.Secrets.TimeToLive = TimeSpan.FromSeconds(1);
        });
        var live = many.Take(500).ToArray();
        Assert.Empty((await manager.Pools.PreloadAsync(live)).Failures);

        scene.Secrets.Script("*", AwsScripts.InternalError);
        await using var load = Load.Start(16, number => manager.AskAsync(live[number % 500]));
        await load.PassAsync(1_000);
        var calls = scene.Secrets.Calls.Count;
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, (await manager.RefusalAsync(many[500])).Code);
        var told = await manager.RefusalAsync(many[501]);
        Assert.Equal((HyperConnErrorCode.StoreUnavailable, true), (told.Code, told.RetryAt is not null));
        await Task.Delay(Soak.Duration(3));
        await load.StopAsync();
        load.AssertNoFaults();
        var down = await manager.Pools.GetStatisticsAsync();
        output.WriteLine($"{load.Done} operations, {manager.Opens} opens, {scene.Secrets.Calls.Count - calls} calls while it was down");
        Assert.Equal(500, down.Tenants.Count(tenant => tenant.State == PoolState.Ready));
        Assert.True(manager.Logs.Count(2006) >= 1);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, Assert.Single(down.Circuits, circuit => circuit.Scope is CircuitScope.SecretStore).Failure.Code);

        scene.Secrets.Script("*", null);
        await manager.Pools.RefreshAsync(many[500]);
        await manager.AskAsync(many[500]);
        Assert.Equal(1, manager.Logs.Count(2007));
    }

    [SkippableFact]
    public async Task Refreshing_a_thousand_tenants_costs_no_more_than_55_batches()
    {
        await using var scene = await FailureServer.StartAsync(1);
        var tenants = Enumerable.Range(0, 1_000).Select(i => TenantKey.Create("core", $"of{i}")).ToArray();
        foreach (var tenant in tenants)
            scene.Put(tenant, scene.Tenants.Tenants[0].ConnectionUri);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options => options.Pools.MaxPools = 1_100);
        Assert.Equal(1_000, (await manager.Pools.PreloadAsync(tenants, parallelism: 200)).Loaded);
        var before = (scene.Secrets.Count("BatchGetSecretValue"), scene.Secrets.Count("GetSecretValue"));

        var all = await manager.Pools.RefreshAllAsync();
        Assert.Equal((1_000, 0, 0), (all.Secrets, all.Changed, all.Failed));
        var batches = scene.Secrets.Count("BatchGetSecretValue") - before.Item1;
        output.WriteLine($"{batches} batches");
        Assert.InRange(batches, 50, 55);
        Assert.Equal(before.Item2, scene.Secrets.Count("GetSecretValue"));
        Assert.Equal(0, (await manager.Pools.GetStatisticsAsync()).Rotations);
    }

    private static async Task ShowsAsync(Manager manager, TenantKey tenant, Predicate<HyperConnFailure?> expected)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!expected((await manager.StatisticsAsync(tenant)).LastFailure))
            await Task.Delay(20, patience.Token);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
            await Task.Delay(20, patience.Token);
    }
}
