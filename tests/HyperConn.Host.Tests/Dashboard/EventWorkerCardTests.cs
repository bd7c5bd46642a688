using System.Net.Http.Json;
using System.Text.Json;
using HyperConn.Events;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>What the dashboard tells of a worker of events that runs on a real PostgreSQL.</summary>
[Collection("browser")]
public sealed class EventWorkerCardTests(Browser browser, PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    // In what a handler and PostgreSQL say when they refuse: it must not reach the page.
    private const string Canary = "canary-password-77";

    private static readonly Dictionary<string, string> Statements = new() { ["good"] = "select 1", ["bad"] = $"select '{Canary}'::int" };

    private readonly string _spool = Directory.CreateTempSubdirectory("hyperconn-worker-card-").FullName;

    public void Dispose() => Directory.Delete(_spool, recursive: true);

    [SkippableFact]
    public async Task The_overview_has_the_workers_counts_and_its_most_frequent_causes_without_their_messages()
    {
        await using var manager = await StartAsync();
        await SpoolAsync(manager);

        var worker = await WhenDoneAsync(manager);

        Assert.Equal(("spool", "running"), (worker.GetProperty("source").GetString(), worker.GetProperty("state").GetString()));
        Assert.Equal(3, Number(worker, "handled"));
        Assert.Equal(1, Number(worker, "duplicates"));
        Assert.Equal(5, Number(worker, "rejected"));
        Assert.Equal(0, Number(worker, "inFlight") + Number(worker, "waiting") + Number(worker, "retries"));
        var causes = worker.GetProperty("causes").EnumerateArray()
            .Select(c => (c.GetProperty("code").GetString(), c.GetProperty("condition").GetString(), Number(c, "failures"), Number(c, "rejected"))).ToList();
        Assert.Equal([("22P02", "invalid text representation", 3, 3), ("Odd code", null, 1, 1), ("SecretNotFound", null, 1, 1)], causes);
        Assert.DoesNotContain("canary", worker.GetRawText(), StringComparison.Ordinal);
        await RealManager.UntilAsync(async () => (await OverviewAsync(manager)).GetProperty("eventWorker").GetProperty("handledPerSecond").GetDouble() == 0);
    }

    [SkippableFact]
    public async Task The_openapi_document_describes_the_worker_and_the_stream_sends_it()
    {
        await using var manager = await StartAsync();

        var schemas = (await manager.Http.GetFromJsonAsync<JsonElement>("api/v1/openapi.json")).GetProperty("components").GetProperty("schemas");
        Assert.True(schemas.GetProperty("EventWorkerRow").GetProperty("properties").TryGetProperty("waitingAtSource", out _));
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var reader = new StreamReader(await manager.Http.GetStreamAsync(new Uri("api/v1/stream", UriKind.Relative), timeout.Token));
        // The worker is there from the moment it has begun, which may be after the first message.
        var worker = default(JsonElement);
        while (worker.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null && await reader.ReadLineAsync(timeout.Token) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal))
                worker = JsonDocument.Parse(line[5..]).RootElement.GetProperty("eventWorker");
        }

        Assert.Equal("spool", worker.GetProperty("source").GetString());
    }

    [SkippableFact]
    public async Task The_card_shows_them_in_both_schemes_on_a_phone_and_on_a_desk()
    {
        var instance = browser.Instance;
        await using var manager = await StartAsync();
        await SpoolAsync(manager);
        await WhenDoneAsync(manager);
        var forms = new[] { (Name: "phone", Width: 360), (Name: "desk", Width: 1440) };
        foreach (var (scheme, form) in new[] { ColorScheme.Light, ColorScheme.Dark }.SelectMany(_ => forms, (scheme, form) => (scheme, form)))
        {
            await using var context = await instance.NewContextAsync(new BrowserNewContextOptions
            {
                ColorScheme = scheme,
                ViewportSize = new ViewportSize { Width = form.Width, Height = 740 },
                ReducedMotion = ReducedMotion.Reduce,
            });
            context.SetDefaultTimeout(PageViews.Patience);
            var page = await context.NewPageAsync();
            await page.GotoAsync(new Uri(manager.Http.BaseAddress!, "#/overview").ToString());
            var card = page.Locator(".event-worker");
            await card.WaitForAsync();

            var text = await card.InnerTextAsync();
            foreach (var part in new[] { "spool", "invalid text representation", "3 failures", "SecretNotFound", "Waiting at the source" })
                Assert.Contains(part, text, StringComparison.Ordinal);
            Assert.Equal("5", await card.Locator("dd.bad").InnerTextAsync());
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= form.Width, "The page is wider than the screen.");
            Assert.Empty(await page.EvaluateAsync<string[]>(PageAudit.Script));
            if (Environment.GetEnvironmentVariable("HYPERCONN_SCREENSHOTS") is { Length: > 0 } folder)
                await card.ScreenshotAsync(new LocatorScreenshotOptions { Path = Path.Combine(folder, $"worker-{form.Name}-{scheme.ToString().ToLowerInvariant()}.png") });
        }
    }

    [SkippableFact]
    public async Task Without_a_worker_there_is_none()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        var overview = await dashboard.Http.GetFromJsonAsync<JsonElement>("api/v1/overview");
        Assert.Equal(JsonValueKind.Null, overview.GetProperty("eventWorker").ValueKind);

        await using var context = await browser.Instance.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(dashboard.Address, "#/overview").ToString());
        await page.WaitForViewAsync("overview");
        Assert.False(await page.Locator(".event-worker").IsVisibleAsync());
    }

    private static int Number(JsonElement json, string name) => json.GetProperty(name).GetInt32();

    private static async Task<JsonElement> OverviewAsync(RealManager manager) => await manager.Http.GetFromJsonAsync<JsonElement>("api/v1/overview");

    private static async Task<JsonElement> WhenDoneAsync(RealManager manager)
    {
        var worker = default(JsonElement);
        await RealManager.UntilAsync(async () =>
        {
            worker = (await OverviewAsync(manager)).GetProperty("eventWorker");
            // None until it has begun.
            return worker.ValueKind == JsonValueKind.Object && Number(worker, "handled") + Number(worker, "duplicates") + Number(worker, "rejected") == 9
                && Number(worker, "inFlight") == 0;
        });
        return worker;
    }

    private Task<RealManager> StartAsync() => RealManager.StartAsync(postgres, 1, services: services =>
    {
        services.AddSingleton<ITenantEventSource>(_ => new SpoolEventSource(
            new SpoolOptions(_spool) { PollInterval = TimeSpan.FromMilliseconds(50) }, null, TimeProvider.System, NullLogger.Instance));
        services.AddTenantEventHandler(new SqlStatementHandler(Statements)).AddTenantEventHandler(new Refusing(), "odd");
    });

    private async Task SpoolAsync(RealManager manager)
    {
        var key = manager.Tenants[0].Key;
        string Line(string type, int id) => $$"""{"service": "{{key.Service}}", "org": "{{key.Org}}", "type": "{{type}}", "id": "{{id}}"}""";
        var file = Path.Combine(_spool, "1.jsonl");
        await File.WriteAllLinesAsync(
            file + ".part",
            [
                Line("good", 1), Line("bad", 2), Line("bad", 3), Line("odd", 4), Line("good", 5), Line("good", 1), Line("good", 6), Line("bad", 7),
                """{"service": "core", "org": "nobody-knows", "type": "good", "id": "8"}""",
            ]);
        File.Move(file + ".part", file);
    }

    private sealed class Refusing : ITenantEventHandler
    {
        public Task HandleAsync(TenantEventContext context, CancellationToken cancellationToken) =>
            throw new EventRejectedException("Odd\ncode\u202E", $"Password={Canary}");
    }
}
