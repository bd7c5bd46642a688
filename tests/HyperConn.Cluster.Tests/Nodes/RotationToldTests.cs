using HyperConn.Tests.Support;

namespace HyperConn.Tests.Cluster.Nodes;

[Collection(RoomyServerCollection.Name)]
public class RotationToldTests(RoomyServer server)
{
    [SkippableFact]
    public async Task What_one_node_learns_of_a_new_secret_version_the_other_reads_itself_and_nobody_fails()
    {
        var tenant = server.Tenants[60];
        var (first, second) = (server.Secrets(), server.Secrets());
        await using var one = await ClusterNode.StartAsync(first, null);
        await using var other = await ClusterNode.StartAsync(second, one);
        foreach (var node in new[] { one, other })
        {
            await using var connection = await node.Pools.OpenConnectionAsync(tenant.Key);
        }

        var callsBefore = second.CallsFor(tenant.Key);
        await server.Provisioner.ChangePasswordAsync(tenant);

        // Only the first one's store says that something has changed.
        second.PutQuietly(tenant.Key, tenant.ConnectionUri);
        first.Put(tenant.Key, tenant.ConnectionUri);
        await Until.TrueAsync(() => second.CallsFor(tenant.Key) > callsBefore);

        var pool = other.Runtime.Generations.Single(pool => pool.Tenant == tenant.Key);
        await Until.TrueAsync(() => pool.Credentials.SecretVersion == second.VersionNow);
        pool.DropIdle();
        await using var after = await other.Pools.OpenConnectionAsync(tenant.Key);
        await server.Oracle.AssertOwnedAsync(after, tenant.Key);
        Assert.Equal(callsBefore + 1, second.CallsFor(tenant.Key));
    }
}
