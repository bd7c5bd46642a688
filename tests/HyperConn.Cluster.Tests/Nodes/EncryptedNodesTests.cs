using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using HyperConn.Tests.Support;

namespace HyperConn.Tests.Cluster.Nodes;

/// <summary>Nodes speak over TLS, each with a certificate, as docs/cluster.md says.</summary>
[Collection(RoomyServerCollection.Name)]
public sealed class EncryptedNodesTests(RoomyServer server) : IDisposable
{
    private const string Password = "not-a-secret";

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-tls-").FullName;

    [SkippableFact]
    public async Task Nodes_with_a_certificate_share_and_one_without_is_not_let_in()
    {
        var tls = Hocon(WriteCertificate());
        await using var first = await ClusterNode.StartAsync(server.Secrets(), null, hocon: tls);
        await using var second = await ClusterNode.StartAsync(server.Secrets(), first, hocon: tls);
        await using (var connection = await second.Pools.OpenConnectionAsync(server.Tenants[0].Key))
            await server.Oracle.AssertOwnedAsync(connection, server.Tenants[0].Key);
        Assert.Equal(2, (await first.CoordinatorAsync()).Members.Count);

        await using var plain = await ClusterNode.StartAsync(server.Secrets(), null, joins: false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        await Assert.ThrowsAnyAsync<Exception>(() => Akka.Cluster.Cluster.Get(plain.System).JoinAsync(first.Address, patience.Token));
        Assert.Equal(2, (await first.CoordinatorAsync()).Members.Count);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Self-signed, so nobody vouches for it: whoever runs a cluster has one of an authority of their own, and no suppress-validation.</summary>
    private static string Hocon(string certificate) =>
        $$"""
        akka.remote.dot-netty.tcp {
          enable-ssl = true
          ssl {
            suppress-validation = true
            require-mutual-authentication = true
            certificate { path = "{{certificate}}", password = "{{Password}}" }
          }
        }
        """;

    private string WriteCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var path = Path.Combine(_folder, "node.pfx");
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, Password));
        return path;
    }
}
