using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using HyperConn.ConnectionStrings;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>TLS handshakes of a tenant while the process's environment has certificates of its own.</summary>
[Collection(nameof(TenantEnvironmentSpecs))]
public sealed class TenantCertificateSpecs : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hyperconn-certificates-");
    private readonly X509Certificate2 _certificate;

    public TenantCertificateSpecs()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _certificate = X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pkcs12), null);

        var (pem, keyPem) = (Path.Combine(_folder.FullName, "process.crt"), Path.Combine(_folder.FullName, "process.key"));
        File.WriteAllText(pem, signed.ExportCertificatePem());
        File.WriteAllText(keyPem, key.ExportPkcs8PrivateKeyPem());
        Environment.SetEnvironmentVariable("PGSSLCERT", pem);
        Environment.SetEnvironmentVariable("PGSSLKEY", keyPem);
        Environment.SetEnvironmentVariable("PGSSLROOTCERT", pem);
    }

    public void Dispose()
    {
        foreach (var name in new[] { "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT" })
            Environment.SetEnvironmentVariable(name, null);
        _certificate.Dispose();
        _folder.Delete(true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_process_certificate_is_not_shown_for_a_tenant_that_has_none(bool guarded)
    {
        var handshake = await Shake("sslmode=require", guarded);
        Assert.True(handshake.Succeeded);
        // Unguarded, Npgsql shows it: the guard is what keeps it back.
        Assert.Equal(!guarded, handshake.ClientCertificateShown);
    }

    [Theory]
    [InlineData("sslmode=verify-full", true)]
    [InlineData("sslrootcert=system", false)]
    public async Task The_systems_roots_are_not_the_ones_of_the_environment(string query, bool trusted)
    {
        Assert.Equal(trusted, (await Shake(query, guarded: true)).Succeeded);
    }

    private async Task<(bool Succeeded, bool ClientCertificateShown)> Shake(string query, bool guarded)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.True(PostgresCredentials.TryParse($"postgresql://u:p@localhost:{port}/db?{query}", out var credentials, out var fault), fault);

        var builder = new NpgsqlDataSourceBuilder(credentials.ToNpgsql().ConnectionString);
        builder.UsePasswordProvider(_ => credentials.Password, (_, _) => new(credentials.Password));
        if (guarded)
            credentials.GuardCertificates(builder);
        await using var source = builder.Build();
        var opening = source.OpenConnectionAsync().AsTask();
        var handshake = await Serve(listener);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => opening);
        return handshake;
    }

    /// <summary>Plays a server up to the StartupMessage after the TLS handshake, which a client sends only to one it trusts.</summary>
    private async Task<(bool Succeeded, bool ClientCertificateShown)> Serve(TcpListener listener)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var client = await listener.AcceptTcpClientAsync(deadline.Token);
        var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte[8], deadline.Token);
        await stream.WriteAsync("S"u8.ToArray(), deadline.Token);

        var shown = false;
        await using var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = _certificate,
                    ClientCertificateRequired = true,
                    ApplicationProtocols = [new SslApplicationProtocol("postgresql")],
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        shown = certificate is not null;
                        return certificate is null || certificate.Subject == _certificate.Subject;
                    },
                },
                deadline.Token);
            await tls.ReadExactlyAsync(new byte[4], deadline.Token);
            return (true, shown);
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return (false, shown);
        }
    }
}
