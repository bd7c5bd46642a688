using System.Net;
using System.Net.Http.Headers;
using System.Text;
using static HyperConn.Tests.Dashboard.DashboardApiTests;

namespace HyperConn.Tests.Dashboard;

/// <summary>Who may read and change what, from where, and what no answer says.</summary>
public sealed class DashboardAccessTests
{
    [Fact]
    public async Task A_wrong_or_missing_token_changes_nothing_guessing_is_stopped_and_the_right_token_is_never_locked_out()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        const string Pause = """{"verb":"pause","scope":"all","reason":"x","by":"y"}""";

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(dashboard, Pause, token: null)).StatusCode);
        for (var i = 0; i < 10; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(dashboard, Pause, token: $"guess-{i}")).StatusCode);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(dashboard, Pause, token: "guess-11")).StatusCode);
        Assert.Empty(dashboard.Manager.Commands);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(dashboard, Pause)).StatusCode);
        Assert.Single(dashboard.Manager.Commands);
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task A_request_of_a_foreign_page_is_refused_even_with_the_token(string header, string value)
    {
        await using var dashboard = await DashboardFixture.StartAsync();

        var response = await SendAsync(dashboard, """{"verb":"pause","scope":"all","reason":"x","by":"y"}""", configure: r => r.Headers.Add(header, value));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Empty(dashboard.Manager.Commands);
    }

    [Fact]
    public async Task A_host_name_that_is_not_ours_is_refused_so_that_rebinding_its_address_is_useless()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/v1/overview");
        request.Headers.Host = "rebound.example";

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await dashboard.Http.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Every_answer_forbids_framing_sniffing_and_foreign_code()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        foreach (var path in new[] { "", "app.js", "api/v1/overview", "api/v1/nowhere", "healthz", "metrics" })
        {
            var response = await dashboard.Http.GetAsync(new Uri(path, UriKind.Relative));
            var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
            Assert.False(response.Headers.Contains("Server"));
        }
    }

    [Fact]
    public async Task Without_a_configured_token_nothing_can_be_changed()
    {
        await using var dashboard = await DashboardFixture.StartAsync(configure: o => o.AdminToken = null);

        var response = await SendAsync(dashboard, """{"verb":"pause","scope":"all","reason":"x","by":"y"}""", token: "");

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.False((await GetAsync(dashboard, "access")).GetProperty("tokenConfigured").GetBoolean());
    }

    [Fact]
    public async Task Beyond_loopback_reading_needs_the_token_too()
    {
        await using var dashboard = await DashboardFixture.StartAsync(configure: o => (o.Url, o.AllowPlainHttp) = ("http://0.0.0.0:0", true));
        using var http = new HttpClient { BaseAddress = new UriBuilder(dashboard.Address) { Host = "127.0.0.1" }.Uri };

        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri("api/v1/overview", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri("metrics", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("", UriKind.Relative))).StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DashboardFixture.Token);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("api/v1/overview", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Behind_a_proxy_with_a_name_reading_needs_the_token_too_and_there_must_be_one()
    {
        await using var dashboard = await DashboardFixture.StartAsync(configure: o => o.AllowedHosts = ["hyperconn.example"]);
        dashboard.Http.DefaultRequestHeaders.Host = "hyperconn.example";

        Assert.Equal(HttpStatusCode.OK, (await dashboard.Http.GetAsync(new Uri("", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await dashboard.Http.GetAsync(new Uri("api/v1/overview", UriKind.Relative))).StatusCode);
        dashboard.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DashboardFixture.Token);
        Assert.Equal(HttpStatusCode.OK, (await dashboard.Http.GetAsync(new Uri("api/v1/overview", UriKind.Relative))).StatusCode);

        var refused = await Assert.ThrowsAsync<HyperConnException>(() => DashboardFixture.StartAsync(configure: o =>
            (o.AllowedHosts, o.AdminToken) = (["hyperconn.example"], null)));
        Assert.Contains("allowed-hosts", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:5080", "0123456789abcdef", false, "without TLS")]
    [InlineData("http://0.0.0.0:5080", null, true, "admin-token")]
    [InlineData("https://0.0.0.0:5080", "0123456789abcdef", false, "certificate-path")]
    [InlineData("http://127.0.0.1:5080", "tok-14-chars!!", false, "16 characters")]
    [InlineData("ftp://127.0.0.1", null, false, "http://")]
    public async Task It_does_not_start_where_that_would_be_unsafe(string url, string? token, bool allowPlain, string fault)
    {
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => DashboardFixture.StartAsync(configure: o =>
            (o.Url, o.AdminToken, o.AllowPlainHttp) = (url, token, allowPlain)));

        Assert.Contains(fault, refused.Message, StringComparison.Ordinal);
        if (token is not null)
            Assert.DoesNotContain(token, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_admin_token_shows_up_nowhere()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        await SendAsync(dashboard, """{"verb":"pause","scope":"all","reason":"x","by":"y"}""", token: "wrong-token-0123456789");
        var all = new StringBuilder();
        foreach (var path in new[] { "", "app.js", "metrics", "healthz", "api/v1/overview", "api/v1/tenants?limit=1000", "api/v1/secrets?limit=1000", "api/v1/events", "api/v1/access", "api/v1/openapi.json" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", DashboardFixture.Token);
            var response = await dashboard.Http.SendAsync(request);
            all.Append(response.Headers).Append(await response.Content.ReadAsStringAsync());
        }

        foreach (var line in dashboard.Logs.Lines)
            all.Append(line);
        Assert.DoesNotContain("canary", all.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-token", all.ToString(), StringComparison.Ordinal);
    }
}
