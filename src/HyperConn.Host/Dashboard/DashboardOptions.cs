using System.Net;
using System.Security.Cryptography;

namespace HyperConn.Host;

/// <summary>Settings of the dashboard and its HTTP API; configuration section <c>hyperconn-host.dashboard</c>.</summary>
internal sealed class DashboardOptions
{
    /// <summary>Its section in the configuration file.</summary>
    internal const string Section = "hyperconn-host.dashboard";

    /// <summary>Whether it is served. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Address to listen on, <c>http://</c> or <c>https://</c>, port 0: any free one. Default <c>http://127.0.0.1:5080</c>.</summary>
    public string Url { get; set; } = "http://127.0.0.1:5080";

    /// <summary>Bearer token of operators, at least 16 characters. Null (default): that of the environment variable HYPERCONN_ADMIN_TOKEN; without one nothing can be changed through the dashboard.
    /// Required when not on loopback or behind a proxy, where reading needs it too.</summary>
    public string? AdminToken { get; set; }

    /// <summary>Serve plain HTTP beyond loopback, behind a proxy that adds TLS. Default false.</summary>
    public bool AllowPlainHttp { get; set; }

    /// <summary>PEM or PKCS#12 file of the certificate for <c>https://</c>.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>PEM file of the certificate's key, where it isn't in the same file.</summary>
    public string? CertificateKeyPath { get; set; }

    /// <summary>Further values of the <c>Host</c> header that are answered, beside the address listened on, such as a proxy's name; with one, reading needs the token too. Default none.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>Proxies in front, as addresses or networks (<c>10.0.0.0/8</c>), that are believed when <c>X-Forwarded-For</c> says who asks; with one, reading needs the token. Default none.</summary>
    public IList<string> TrustedProxies { get; set; } = [];

    /// <summary>Shown in the page's title. Default: the project's name.</summary>
    public string? Title { get; set; }

    /// <summary>How often numbers are sampled and streamed. 100 milliseconds to 1 day, default 1 second.</summary>
    public TimeSpan SampleInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Samples kept for the charts. Default 900 (15 minutes).</summary>
    public int HistorySamples { get; set; } = 900;

    /// <summary>Whether any other port will do when that of <see cref="Url"/> is taken: where nobody asked for that one.</summary>
    internal bool AnyPortIfTaken { get; set; }

    /// <summary>A token nobody can guess, for a run that was given none.</summary>
    public static string GenerateToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Whether only this machine can reach <see cref="Url"/>.</summary>
    public bool IsLoopback => Endpoint is { } uri && uri.IsLoopback;

    /// <summary>Whether nobody but people on this machine gets here: on loopback, and no proxy with a name of its own in front.</summary>
    internal bool IsPrivate => IsLoopback && TrustedProxies.Count == 0 && AllowedHosts.All(host => host.Split(':')[0] is "localhost" or "127.0.0.1");

    internal Uri? Endpoint => Uri.TryCreate(Url.Replace("*", "0.0.0.0", StringComparison.Ordinal).Replace("+", "0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        ? uri
        : null;

    /// <summary>Every reason not to start with these settings.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (AdminToken is { Length: < 16 })
            faults.Add($"{Section}.admin-token is shorter than 16 characters.");
        if (SampleInterval < TimeSpan.FromMilliseconds(100))
            faults.Add($"{Section}.sample-interval is shorter than 100 milliseconds.");
        if (SampleInterval > TimeSpan.FromDays(1))
            faults.Add($"{Section}.sample-interval is longer than 1 day.");
        if (HistorySamples is < 10 or > 100_000)
            faults.Add($"{Section}.history-samples must be 10 to 100,000.");
        if (TrustedProxies.FirstOrDefault(proxy => Network(proxy) is null) is { } stranger)
            faults.Add($"{Section}.trusted-proxies: '{stranger}' is neither an IP address nor a network such as 10.0.0.0/8.");
        if (Endpoint is not { } uri)
            return [.. faults, $"{Section}.url is not an http:// or https:// address: '{Url}'."];
        if (uri.HostNameType == UriHostNameType.Dns && !uri.IsLoopback)
            faults.Add($"{Section}.url must name an IP address, 'localhost' or '*': the interface to listen on.");
        if (uri.Scheme == Uri.UriSchemeHttps && CertificatePath is null)
            faults.Add($"{Section}.certificate-path is needed for https://.");
        if (IsLoopback && !IsPrivate && string.IsNullOrEmpty(AdminToken))
            faults.Add($"{Section}.{(TrustedProxies.Count > 0 ? "trusted-proxies" : "allowed-hosts")} lets others in through a proxy: set {Section}.admin-token, or HYPERCONN_ADMIN_TOKEN.");
        if (!IsLoopback)
        {
            if (uri.Scheme != Uri.UriSchemeHttps && !AllowPlainHttp)
                faults.Add($"{Section}.url is reachable from other machines without TLS. Use https://, or set {Section}.allow-plain-http when a proxy adds TLS.");
            if (string.IsNullOrEmpty(AdminToken))
                faults.Add($"{Section}.url is reachable from other machines: set {Section}.admin-token, or HYPERCONN_ADMIN_TOKEN.");
        }

        return faults;
    }

    internal IPAddress[] Addresses() => Endpoint switch
    {
        null => [],
        { IdnHost: "localhost" } => [IPAddress.Loopback, IPAddress.IPv6Loopback],
        { } uri => [IPAddress.Parse(uri.IdnHost.Trim('[', ']'))],
    };

    /// <summary>Who is believed about where requests come from; null: nobody, and nobody is asked.</summary>
    internal ForwardedHeadersOptions? ForwardedHeaders()
    {
        if (TrustedProxies.Count == 0)
            return null;

        // Of a chain every proxy must be known; the client is the first address that is none.
        var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = Microsoft.AspNetCore.HttpOverrides.ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in TrustedProxies)
            forwarded.KnownIPNetworks.Add(Network(proxy)!.Value);
        return forwarded;
    }

    private static System.Net.IPNetwork? Network(string text) =>
        System.Net.IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new System.Net.IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;
}
