using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace HyperConn.Tests.Dashboard;

public sealed class DashboardApiTests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    [Fact]
    public async Task The_overview_has_totals_rates_and_history()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        await WaitAsync(async () => (await GetAsync(dashboard, "overview")).GetProperty("history").GetProperty("at").GetArrayLength() > 1);

        var overview = await GetAsync(dashboard, "overview");

        Assert.Equal("acme", overview.GetProperty("title").GetString());
        Assert.Equal(200, overview.GetProperty("now").GetProperty("pools").GetInt32());
        Assert.True(overview.GetProperty("now").GetProperty("hotPerSecond").GetDouble() > 0);
        Assert.Equal(200, overview.GetProperty("totals").GetProperty("tenantsByState").EnumerateObject().Sum(p => p.Value.GetInt32()));
        Assert.Equal(4, overview.GetProperty("servers").GetArrayLength());
    }

    [Fact]
    public async Task Tenants_are_searched_filtered_sorted_and_paged()
    {
        await using var dashboard = await DashboardFixture.StartAsync();

        var one = await GetAsync(dashboard, "tenants?search=ORG-00123");
        Assert.Equal(1, one.GetProperty("total").GetInt32());
        Assert.Equal("org-00123", one.GetProperty("items")[0].GetProperty("org").GetString());

        var byUser = await GetAsync(dashboard, "tenants?search=app_org_00042 core");
        Assert.Equal(0, byUser.GetProperty("total").GetInt32());

        var failing = await GetAsync(dashboard, "tenants?state=failing");
        Assert.Equal("SecretNotFound|LoginRefused".Split('|').Length - 1, failing.GetProperty("items").GetArrayLength());

        var oldest = (await GetAsync(dashboard, "tenants?sort=secretAge&desc=true&limit=200")).GetProperty("items").EnumerateArray()
            .Select(t => t.GetProperty("secretFetchedAt").GetDateTimeOffset()).ToList();
        Assert.Equal(oldest.Order(), oldest);

        var pages = new List<string>();
        for (var offset = 0; offset < 200; offset += 50)
        {
            var page = await GetAsync(dashboard, $"tenants?offset={offset}&limit=50");
            pages.AddRange(page.GetProperty("items").EnumerateArray().Select(t => $"{t.GetProperty("service")}/{t.GetProperty("org")}"));
        }

        Assert.Equal(200, pages.Distinct().Count());
        Assert.Equal(pages.Order(StringComparer.Ordinal), pages);
    }

    [Theory]
    [InlineData("tenants?sort=password")]
    [InlineData("tenants?state=happy")]
    [InlineData("tenants?server=pg1")]
    [InlineData("tenants?limit=0")]
    [InlineData("tenants?limit=1001")]
    [InlineData("tenants?offset=-1")]
    [InlineData("secrets?limit=100000")]
    [InlineData("events?limit=0")]
    public async Task A_query_that_makes_no_sense_is_answered_with_400(string path)
    {
        await using var dashboard = await DashboardFixture.StartAsync();

        var response = await dashboard.Http.GetAsync(new Uri($"api/v1/{path}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_search_among_ten_thousand_tenants_looks_at_all_of_them()
    {
        await using var dashboard = await DashboardFixture.StartAsync(new FakeManager(10_000));

        var found = await GetAsync(dashboard, "tenants?search=org-0999&sort=lastUsed&desc=true&limit=1000");

        Assert.Equal(10, found.GetProperty("total").GetInt32());
        Assert.Equal(10_000, (await GetAsync(dashboard, "tenants/map")).GetProperty("states").GetString()!.Length);
    }

    [Fact]
    public async Task The_stream_sends_numbers_that_change_and_new_events()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var stream = await dashboard.Http.GetStreamAsync(new Uri("api/v1/stream?after=0", UriKind.Relative), timeout.Token);
        using var reader = new StreamReader(stream);
        var ticks = new List<JsonElement>();
        while (ticks.Count < 3 && await reader.ReadLineAsync(timeout.Token) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal))
                ticks.Add(JsonDocument.Parse(line[5..]).RootElement.Clone());
            if (ticks.Count == 1)
                dashboard.Manager.Events.Record(OperatorEventKind.Rotated, "seen in the stream");
        }

        Assert.NotEqual(ticks[0].GetProperty("totals").GetProperty("hotAcquisitions").GetInt64(), ticks[2].GetProperty("totals").GetProperty("hotAcquisitions").GetInt64());
        Assert.Contains(ticks.SelectMany(t => t.GetProperty("events").EnumerateArray()), e => e.GetProperty("message").GetString() == "seen in the stream");
    }

    [Theory]
    [InlineData("pause", typeof(PauseTenants))]
    [InlineData("resume", typeof(ResumeTenants))]
    [InlineData("drain", typeof(DrainTenants))]
    [InlineData("refresh", typeof(RefreshTenants))]
    [InlineData("ban", typeof(BanTenants))]
    public async Task Each_verb_reaches_the_manager_with_who_and_why(string verb, Type command)
    {
        await using var dashboard = await DashboardFixture.StartAsync();

        var response = await ActAsync(dashboard, new { verb, scope = "tenant", service = "core", org = "org-00001", by = "mia", reason = "OPS-1", seconds = 60 });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var received = Assert.Single(dashboard.Manager.Commands);
        Assert.IsType(command, received);
        Assert.Equal(new OperatorTarget.Tenant(TenantKey.Create("core", "org-00001")), received.Target);
        Assert.Equal("mia (127.0.0.1)", received.By);
        Assert.Equal("OPS-1", received.Reason);
        Assert.Contains(dashboard.Logs.Lines, line => line.Contains("[5104]", StringComparison.Ordinal) && line.Contains("mia", StringComparison.Ordinal) && line.Contains("OPS-1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"verb":"explode","scope":"all","reason":"x"}""")]
    [InlineData("""{"verb":"pause","scope":"planet","reason":"x"}""")]
    [InlineData("""{"verb":"pause","scope":"tenant","service":"core","org":"a b","reason":"x"}""")]
    [InlineData("""{"verb":"pause","scope":"server","reason":"x"}""")]
    [InlineData("""{"verb":"pause","scope":"server","server":"pg1","reason":"x"}""")]
    [InlineData("""{"verb":"pause","scope":"all"}""")]
    [InlineData("""{"verb":"pause","scope":"all","reason":"  "}""")]
    [InlineData("""{"verb":"ban","scope":"all","reason":"x"}""")]
    [InlineData("""{"verb":"ban","scope":"all","reason":"x","seconds":99999999}""")]
    [InlineData("""{"verb":"pause","scope":"all","reason":"line\nbreak"}""")]
    [InlineData("not json")]
    public async Task An_action_that_makes_no_sense_reaches_nobody(string body)
    {
        await using var dashboard = await DashboardFixture.StartAsync();

        var response = await SendAsync(dashboard, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(dashboard.Manager.Commands);
    }

    [Fact]
    public async Task The_openapi_document_describes_every_route_of_the_api()
    {
        await using var dashboard = await DashboardFixture.StartAsync();

        var paths = (await GetAsync(dashboard, "openapi.json")).GetProperty("paths").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal);

        Assert.Equal(
            ["/api/v1/access", "/api/v1/actions", "/api/v1/events", "/api/v1/nodes", "/api/v1/overview", "/api/v1/secrets", "/api/v1/servers", "/api/v1/stream", "/api/v1/tenant", "/api/v1/tenants", "/api/v1/tenants/map"],
            paths);
    }

    [Fact]
    public async Task Metrics_are_served_for_prometheus_under_the_names_of_the_conventions()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        await WaitAsync(() => Task.FromResult(dashboard.Manager.Latest is not null));

        var text = await dashboard.Http.GetStringAsync(new Uri("metrics", UriKind.Relative));

        var names = text.Split('\n').Where(l => l.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]).ToList();
        Assert.Contains("hyperconn_pool_count", names);
        Assert.Contains(names, n => n.StartsWith("hyperconn_pool_evictions", StringComparison.Ordinal));
        Assert.Contains("hyperconn_server_wait_oldest_seconds", names);
        Assert.Contains("server_address=\"pg-eu-1.internal\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("org-00001", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tenants_are_labels_only_when_asked_for_each_up_to_the_bound_and_the_rest_together()
    {
        await using var dashboard = await DashboardFixture.StartAsync(
            new FakeManager(3_000), settings: o => (o.Diagnostics.TenantLabels, o.Diagnostics.MaxTenantLabels) = (true, 2_500));
        await WaitAsync(() => Task.FromResult(dashboard.Manager.Latest is not null));

        var text = await dashboard.Http.GetStringAsync(new Uri("metrics", UriKind.Relative));

        var series = text.Split('\n').Where(l => l.StartsWith("hyperconn_tenant_lease_count{", StringComparison.Ordinal)).ToList();
        Assert.Equal(2_501, series.Count);
        Assert.Single(series, s => s.Contains("hyperconn_tenant_org=\"other\"", StringComparison.Ordinal));
        Assert.DoesNotContain("otel_metric_overflow", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_manager_does_not_answer_the_page_keeps_the_last_numbers_and_readiness_fails()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        await GetAsync(dashboard, "overview");
        Assert.Equal(HttpStatusCode.OK, (await dashboard.Http.GetAsync(new Uri("readyz", UriKind.Relative))).StatusCode);

        dashboard.Manager.Broken = true;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await dashboard.Http.GetAsync(new Uri("readyz", UriKind.Relative))).StatusCode);
        Assert.Equal(200, (await GetAsync(dashboard, "overview")).GetProperty("now").GetProperty("pools").GetInt32());
    }

    internal static Task<HttpResponseMessage> ActAsync(DashboardFixture dashboard, object body) => SendAsync(dashboard, JsonSerializer.Serialize(body, Json));

    internal static async Task<HttpResponseMessage> SendAsync(
        DashboardFixture dashboard,
        string body,
        string? token = DashboardFixture.Token,
        Action<HttpRequestMessage>? configure = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/v1/actions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (!string.IsNullOrEmpty(token))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        configure?.Invoke(request);
        return await dashboard.Http.SendAsync(request);
    }

    internal static Task<JsonElement> GetAsync(DashboardFixture dashboard, string path) =>
        dashboard.Http.GetFromJsonAsync<JsonElement>($"api/v1/{path}");

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromMinutes(2), "It did not happen within two minutes.");
            await Task.Delay(50);
        }
    }
}
