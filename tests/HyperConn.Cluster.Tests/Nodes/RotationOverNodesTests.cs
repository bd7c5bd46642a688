using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Cluster.Nodes;

/// <summary>Every password is changed while five nodes work for all tenants. One node hears of it; the others are told.</summary>
[Collection(NodeProcesses.Name)]
public class RotationOverNodesTests(ITestOutputHelper output)
{
    private const int NodeCount = 5;
    private const int TenantCount = 200;

    // One to find out, and a fifth of a batch of twenty for each node.
    private const double MostCallsPerSecret = 1 + (NodeCount / 20.0);

    [SkippableFact]
    public async Task All_secrets_change_and_the_store_is_called_little_more_than_once_for_each_and_no_open_fails()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = 60 });
        await using var tenants = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = TenantCount, OwnDatabases = 0, Services = ["core"] });
        var secrets = new KnownSecrets();
        foreach (var tenant in tenants.Tenants)
            secrets.Put(tenant);
        var stores = Enumerable.Range(0, NodeCount).Select(_ => new KnownSecrets.Reader(secrets)).ToList();
        await using var cluster = new RunningCluster();
        foreach (var store in stores)
            cluster.Nodes.Add(await ClusterNode.StartAsync(store, cluster.Nodes.FirstOrDefault(), o => o.Pools.AcquireTimeout = TimeSpan.FromMinutes(2)));
        foreach (var node in cluster.Nodes)
            await Task.WhenAll(tenants.Tenants.Select(tenant => OpenAsync(node, tenant)));

        var before = stores.Sum(store => store.Calls);
        using var end = new CancellationTokenSource();
        var opens = cluster.Nodes.Select((node, seed) => WorkAsync(node, tenants.Tenants, seed, end.Token)).ToList();
        foreach (var tenant in tenants.Tenants)
        {
            // As a rotation does it: first the server, then the secret.
            await tenants.ChangePasswordAsync(tenant);
            secrets.Put(tenant);
            stores[0].Tell(KnownSecrets.NameOf(tenant));
        }

        await Until.TrueAsync(() => cluster.Nodes.All(node => tenants.Tenants.All(tenant => VersionAt(node, tenant) == secrets.VersionOf(tenant))));
        await end.CancelAsync();
        var opened = (await Task.WhenAll(opens)).Sum();
        var calls = stores.Sum(store => store.Calls) - before;

        output.WriteLine($"{calls} calls for {TenantCount} secrets on {NodeCount} nodes, {(double)calls / TenantCount:0.00} a secret; {opened} opens meanwhile, none failed.");
        Assert.InRange((double)calls / TenantCount, 0.05 * NodeCount, MostCallsPerSecret);
    }

    private static string? VersionAt(ClusterNode node, ProvisionedTenant tenant) =>
        node.Runtime.Generations.Where(pool => pool.Tenant == tenant.Key).Select(pool => pool.Credentials.SecretVersion).LastOrDefault();

    private static async Task OpenAsync(ClusterNode node, ProvisionedTenant tenant)
    {
        await using var connection = await node.Pools.OpenConnectionAsync(tenant.Key);
        await using var command = connection.CreateCommand();
        command.CommandText = "select current_user";
        Assert.Equal(tenant.Login.User, await command.ExecuteScalarAsync());
    }

    private static async Task<int> WorkAsync(ClusterNode node, IReadOnlyList<ProvisionedTenant> tenants, int seed, CancellationToken end)
    {
        var random = new Random(seed);
        var opened = 0;
        for (; !end.IsCancellationRequested; opened++)
            await OpenAsync(node, tenants[random.Next(tenants.Count)]);
        return opened;
    }
}
