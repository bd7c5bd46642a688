using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace HyperConn.Tests.Dashboard;

/// <summary>Open to other machines: on every interface, with a certificate made here.</summary>
public sealed class TlsTests : IDisposable
{
    private const string Anywhere = "https://*:0";

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-tls-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("two PEM files")]
    [InlineData("one PEM file")]
    [InlineData("PKCS#12")]
    public async Task With_a_certificate_it_is_served_by_tls_to_those_who_have_the_token(string kind)
    {
        using var certificate = Make();
        var (path, key) = Write(certificate, kind);
        await using var dashboard = await DashboardFixture.StartAsync(configure: o => (o.Url, o.CertificatePath, o.CertificateKeyPath) = (Anywhere, path, key));
        X509Certificate2? presented = null;
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, remote, _, faults) =>
        {
            presented = new X509Certificate2(remote!);
            return faults == SslPolicyErrors.RemoteCertificateChainErrors;
        };
        using var http = new HttpClient(handler) { BaseAddress = new UriBuilder(dashboard.Address) { Host = "localhost" }.Uri };

        Assert.Equal("https", dashboard.Address.Scheme);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("", UriKind.Relative))).StatusCode);
        Assert.Equal(certificate.Thumbprint, presented!.Thumbprint);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri("api/v1/overview", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("readyz", UriKind.Relative))).StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DashboardFixture.Token);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("api/v1/overview", UriKind.Relative))).StatusCode);

        using var plain = new HttpClient { BaseAddress = new UriBuilder(dashboard.Address) { Scheme = "http", Host = "127.0.0.1" }.Uri };
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetAsync(new Uri("", UriKind.Relative)));
        presented.Dispose();
    }

    [Fact]
    public async Task Without_a_token_even_tls_does_not_start()
    {
        using var certificate = Make();
        var (path, key) = Write(certificate, "two PEM files");

        var refused = await RefusedAsync(Anywhere, path, key, token: null);

        Assert.Contains("admin-token", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_none_is_named()
    {
        var path = Path.Combine(_folder, "no.pem");
        await File.WriteAllTextAsync(path, "not a certificate");

        Assert.Contains("no.pem", await RefusedAsync(Anywhere, path, null, DashboardFixture.Token), StringComparison.Ordinal);
        Assert.Contains("gone.pem", await RefusedAsync(Anywhere, Path.Combine(_folder, "gone.pem"), null, DashboardFixture.Token), StringComparison.Ordinal);
    }

    private static async Task<string> RefusedAsync(string url, string? path, string? key, string? token) =>
        (await Assert.ThrowsAsync<HyperConnException>(() => DashboardFixture.StartAsync(configure: o =>
            (o.Url, o.CertificatePath, o.CertificateKeyPath, o.AdminToken) = (url, path, key, token)))).Message;

    private static X509Certificate2 Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private (string Path, string? Key) Write(X509Certificate2 certificate, string kind)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        var (pem, keyPem, path) = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), Path.Combine(_folder, "certificate.pem"));
        if (kind == "PKCS#12")
        {
            path = Path.ChangeExtension(path, ".pfx");
            File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12));
            return (path, null);
        }

        var keyPath = kind == "two PEM files" ? Path.Combine(_folder, "key.pem") : null;
        File.WriteAllText(path, keyPath is null ? pem + "\n" + keyPem : pem);
        if (keyPath is not null)
            File.WriteAllText(keyPath, keyPem);
        return (path, keyPath);
    }
}
