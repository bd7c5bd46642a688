using System.Net;
using System.Net.Http.Headers;
using HyperConn.Host;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Dashboard;

/// <summary>Who guesses tokens, who comes through a proxy, and what the framework writes down about them.</summary>
public sealed class StrangersTests
{
    private const string Beyond = "http://0.0.0.0:0";

    [Theory]
    [InlineData("http://127.0.0.1:0", "api/v1/access")]
    [InlineData(Beyond, "api/v1/access")]
    [InlineData(Beyond, "healthz")]
    [InlineData(Beyond, "readyz")]
    [InlineData(Beyond, "api/v1/overview")]
    [InlineData(Beyond, "metrics")]
    public async Task No_address_tells_right_tokens_from_wrong_ones_for_long_and_the_right_one_is_never_locked_out(string url, string path)
    {
        await using var dashboard = await StartAsync(url);
        using var http = Client(dashboard);

        for (var i = 0; i < 10; i++)
            Assert.NotEqual(HttpStatusCode.TooManyRequests, await GetAsync(http, path, $"guess-{i}"));

        Assert.Equal(HttpStatusCode.TooManyRequests, await GetAsync(http, path, "guess-10"));
        var answered = path == "healthz" ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK;
        Assert.Equal(answered, await GetAsync(http, path, DashboardFixture.Token));
        Assert.Equal(HttpStatusCode.TooManyRequests, await GetAsync(http, path, "guess-11"));

        // Who presents no token is not concerned: probes, and here nothing is well, as there are no real pools.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await GetAsync(http, "healthz", null));
    }

    [Fact]
    public async Task A_page_with_an_old_token_goes_on_reading_where_reading_needs_none()
    {
        await using var dashboard = await StartAsync("http://127.0.0.1:0");

        for (var i = 0; i < 30; i++)
            Assert.Equal(HttpStatusCode.OK, await GetAsync(dashboard.Http, "api/v1/overview", "of-yesterday"));
    }

    [Fact]
    public async Task Behind_a_configured_proxy_wrong_tokens_count_against_whoever_sent_them()
    {
        await using var dashboard = await StartAsync(Beyond, o => o.TrustedProxies = ["127.0.0.1", "10.0.0.0/8"]);
        using var http = Client(dashboard);

        // What a client puts in front of the proxies' own entries is believed by nobody.
        for (var i = 0; i < 11; i++)
            await GetAsync(http, "api/v1/overview", "guess", $"203.0.113.{i}, 198.51.100.7, 10.1.2.3");

        Assert.Equal(HttpStatusCode.TooManyRequests, await GetAsync(http, "api/v1/overview", "guess", "198.51.100.7"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(http, "api/v1/overview", "guess", "198.51.100.8"));
        Assert.Contains(dashboard.Logs.Lines, line => line.Contains("wrong admin token from 198.51.100.7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_peer_that_is_no_configured_proxy_is_counted_by_its_own_address_whatever_it_says()
    {
        await using var dashboard = await StartAsync(Beyond, o => o.TrustedProxies = ["10.0.0.1"]);
        using var http = Client(dashboard);

        for (var i = 0; i < 10; i++)
            await GetAsync(http, "api/v1/overview", "guess", $"198.51.100.{i}");

        Assert.Equal(HttpStatusCode.TooManyRequests, await GetAsync(http, "api/v1/overview", "guess", "198.51.100.99"));
    }

    [Theory]
    [InlineData("X-Forwarded-For", "198.51.100.7")]
    [InlineData("X-Forwarded-Host", "hyperconn.example")]
    [InlineData("X-Forwarded-Proto", "https")]
    [InlineData("X-Real-IP", "198.51.100.7")]
    [InlineData("Forwarded", "for=198.51.100.7")]
    public async Task A_proxy_nobody_configured_opens_no_reads_without_a_token(string header, string value)
    {
        await using var dashboard = await StartAsync("http://127.0.0.1:0");
        foreach (var path in new[] { "api/v1/overview", "metrics", "healthz" })
        {
            // It has rewritten Host to the address it forwards to.
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add(header, value);
            var response = await dashboard.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            Assert.Contains("trusted-proxies", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task With_a_configured_proxy_on_loopback_reading_needs_the_token_and_there_must_be_one()
    {
        await using var dashboard = await StartAsync("http://127.0.0.1:0", o => o.TrustedProxies = ["127.0.0.1"]);

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(dashboard.Http, "api/v1/overview", null, "198.51.100.7"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(dashboard.Http, "api/v1/overview", null));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(dashboard.Http, "api/v1/overview", DashboardFixture.Token, "198.51.100.7"));

        var refused = await Assert.ThrowsAsync<HyperConnException>(() => StartAsync("http://127.0.0.1:0", o => (o.TrustedProxies, o.AdminToken) = (["127.0.0.1"], null)));
        Assert.Contains("trusted-proxies lets others in", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_framework_s_own_logs_never_have_a_query_string_even_when_everything_is_logged()
    {
        await using var dashboard = await StartAsync("http://127.0.0.1:0");

        await dashboard.Http.GetAsync(new Uri("api/v1/tenants?search=x&token=canary-in-query", UriKind.Relative));
        await dashboard.Http.GetAsync(new Uri("api/v1/stream/nowhere?token=canary-in-query", UriKind.Relative));
        using (var raw = new System.Net.Sockets.TcpClient())
        {
            // A request line that can't be read is quoted by the server.
            await raw.ConnectAsync("127.0.0.1", dashboard.Address.Port);
            await raw.GetStream().WriteAsync("GET /x?token=canary-in-query oops HTTP/9\r\n\r\n"u8.ToArray());
            await raw.GetStream().ReadAtLeastAsync(new byte[16], 1, throwOnEndOfStream: false);
        }

        Assert.Contains(dashboard.Logs.Lines, line => line.Contains("Request starting HTTP/1.1 GET", StringComparison.Ordinal));
        Assert.DoesNotContain(dashboard.Logs.Lines, line => line.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public void Wrong_tokens_are_forgotten_after_a_minute_and_a_network_of_ipv6_is_one_peer()
    {
        var clock = new FakeTimeProvider();
        var tokens = new BadTokens(clock);
        for (var i = 0; i < BadTokens.Most; i++)
            Assert.False(tokens.Add(IPAddress.Parse($"2001:db8::{i:x}")));

        Assert.True(tokens.Add(IPAddress.Parse("2001:db8::ffff")));
        Assert.False(tokens.Add(IPAddress.Parse("2001:db8:0:1::1")));
        clock.Advance(TimeSpan.FromSeconds(61));
        Assert.False(tokens.Add(IPAddress.Parse("2001:db8::1")));
    }

    [Fact]
    public void An_address_written_as_ipv6_is_the_same_peer_as_written_as_ipv4()
    {
        var tokens = new BadTokens(new FakeTimeProvider());
        for (var i = 0; i < BadTokens.Most; i++)
            tokens.Add(IPAddress.Parse(i % 2 == 0 ? "198.51.100.7" : "::ffff:198.51.100.7"));

        Assert.True(tokens.Add(IPAddress.Parse("198.51.100.7")));
    }

    [Fact]
    public void A_storm_of_peers_is_remembered_within_bounds_and_those_of_now_first()
    {
        var clock = new FakeTimeProvider();
        var tokens = new BadTokens(clock);
        for (var i = 0; i < 9_000; i++)
            tokens.Add(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]));
        clock.Advance(TimeSpan.FromSeconds(61));
        for (var i = 0; i < BadTokens.Most; i++)
            tokens.Add(IPAddress.Parse("198.51.100.7"));
        for (var i = 0; i < 5_000; i++)
            tokens.Add(new IPAddress([10, 1, (byte)(i >> 8), (byte)i]));

        Assert.True(tokens.Add(IPAddress.Parse("198.51.100.7")));
    }

    private static Task<DashboardFixture> StartAsync(string url, Action<DashboardOptions>? more = null) => DashboardFixture.StartAsync(configure: o =>
    {
        (o.Url, o.AllowPlainHttp) = (url, true);
        more?.Invoke(o);
    });

    private static HttpClient Client(DashboardFixture dashboard) => new() { BaseAddress = new UriBuilder(dashboard.Address) { Host = "127.0.0.1" }.Uri };

    private static async Task<HttpStatusCode> GetAsync(HttpClient http, string path, string? token, string? forwardedFor = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (forwardedFor is not null)
            request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var response = await http.SendAsync(request);
        return response.StatusCode;
    }
}
