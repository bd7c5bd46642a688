using System.Transactions;
using HyperConn.Tests.Support;

namespace HyperConn.Tests.Integration;

/// <summary>The bound on connections being opened at once, whatever closed those that were there.</summary>
[Collection(FailureCollection.Name)]
public sealed class OpensAtOnceSpecs
{
    private const int Most = 2;

    [SkippableFact]
    public async Task It_holds_for_a_pool_that_has_permits_and_lost_its_connections()
    {
        await using var scene = await FailureServer.StartAsync(1);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options => options.Servers.MaxConcurrentOpens = Most);
        var tenant = scene.Tenants.Tenants[0].Key;
        await HoldAsync(manager, tenant, 8);
        var opened = manager.Opens;

        // As Npgsql does by itself with connections that were idle for long: the permits stay.
        (await manager.Pools.GetDataSourceAsync(tenant)).Current!.DataSource.Clear();
        await HoldAsync(manager, tenant, 8);
        Assert.Equal(8, manager.Opens - opened);
        Assert.InRange(manager.MostOpensAtOnce, 1, Most);
    }

    [SkippableFact]
    public async Task It_holds_for_a_scope_with_nine_opens_which_leaves_idle_connections_alone()
    {
        await using var scene = await FailureServer.StartAsync(1);
        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options => options.Servers.MaxConcurrentOpens = Most);
        var tenant = scene.Tenants.Tenants[0].Key;
        await HoldAsync(manager, tenant, 4);
        var opened = manager.Opens;
        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            for (var open = 0; open < 9; open++)
                await manager.AskAsync(tenant);
            scope.Complete();
        }

        // One connection served them all, and it was there.
        Assert.Equal(0, manager.Opens - opened);
        await Until.TrueAsync(async () => (await manager.Pools.GetStatisticsAsync()).Leases == 0);
        await HoldAsync(manager, tenant, 3);
        Assert.Equal(0, manager.Opens - opened);
        Assert.InRange(manager.MostOpensAtOnce, 1, Most);
    }

    /// <summary>Has so many connections open at once.</summary>
    private static async Task HoldAsync(Manager manager, TenantKey tenant, int connections)
    {
        var held = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => manager.Pools.OpenConnectionAsync(tenant).AsTask()));
        foreach (var connection in held)
            await connection.DisposeAsync();
    }
}
