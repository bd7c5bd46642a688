using System.Net;
using System.Net.Sockets;
using HyperConn.Tests.Support;

namespace HyperConn.Tests.Pools;

/// <summary>Tenants on a server that is away. No server is needed for that.</summary>
public class NeighbourNamesSpecs
{
    [Fact]
    public async Task What_a_tenant_is_told_of_a_dead_server_names_no_other_tenant()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var uri = $"postgresql://u:p@127.0.0.1:{((IPEndPoint)closed.LocalEndPoint!).Port}/d?sslmode=disable";
        var tenants = new[] { "ant", "bee", "cow", "dog" }.Select(animal => TenantKey.Create("core", $"canary-{animal}")).ToArray();
        var secrets = new MemorySecretStore();
        foreach (var tenant in tenants)
            secrets.Put(tenant, uri);
        await using var host = await PoolsHost.StartAsync(secrets, o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(4));

        // Twice: the first that fails, and those who are told from memory.
        for (var round = 0; round < 2; round++)
        {
            var failures = await Task.WhenAll(tenants.Select(
                tenant => Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(tenant).AsTask())));
            foreach (var (tenant, failure) in tenants.Zip(failures))
            {
                Assert.Equal(HyperConnErrorCode.ServerUnreachable, failure.Code);
                Assert.Equal(tenant, failure.Tenant);
                foreach (var other in tenants.Where(other => other != tenant))
                    Assert.DoesNotContain(other.Org, $"{failure} {failure.Failure}", StringComparison.Ordinal);
            }
        }

        // The server's circuit is everybody's, and so names nobody.
        var circuit = Assert.Single((await host.Pools.GetStatisticsAsync()).Circuits);
        Assert.DoesNotContain("canary", circuit.ToString(), StringComparison.Ordinal);
    }
}
