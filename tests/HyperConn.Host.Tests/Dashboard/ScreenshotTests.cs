using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>Takes the README's pictures. Runs only when HYPERCONN_SCREENSHOTS names the folder to write to, so that a test run leaves no diffs.</summary>
[Collection("browser")]
public sealed class ScreenshotTests(Browser browser)
{
    private static readonly (string Name, string Route)[] Pages =
    [
        ("overview", "overview"), ("tenants", "tenants"), ("servers", "servers"), ("secrets", "secrets"), ("events", "events"),
    ];

    [SkippableFact]
    public async Task Every_page_is_pictured_in_light_and_dark_on_a_desk_and_on_a_phone()
    {
        var folder = Environment.GetEnvironmentVariable("HYPERCONN_SCREENSHOTS");
        Skip.If(string.IsNullOrEmpty(folder), "HYPERCONN_SCREENSHOTS is not set.");
        Directory.CreateDirectory(folder);
        var only = Environment.GetEnvironmentVariable("HYPERCONN_SCREENSHOTS_ONLY")?.Split(',');
        await using var dashboard = await DashboardFixture.StartAsync(
            new FakeManager { Step = TimeSpan.FromSeconds(2) },
            options => options.SampleInterval = TimeSpan.FromMilliseconds(100));
        await dashboard.Manager.ExecuteAsync(new PauseTenants(new OperatorTarget.Tenant(TenantKey.Create("core", FakeManager.OrgOf(41))), "mia (127.0.0.1)", "schema change, OPS-311"));
        await Task.Delay(TimeSpan.FromSeconds(16));
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            foreach (var (form, width, height) in new[] { ("desk", 1440, 900), ("phone", 390, 844) })
            {
                await using var context = await browser.Instance.NewContextAsync(new BrowserNewContextOptions
                {
                    ColorScheme = scheme,
                    ViewportSize = new ViewportSize { Width = width, Height = height },
                    DeviceScaleFactor = form == "phone" ? 2 : 1,
                });
                var page = await context.NewPageAsync();
                foreach (var (name, route) in Pages)
                {
                    var file = $"{name}-{form}-{scheme.ToString().ToLowerInvariant()}";
                    if (only is not null && !only.Any(file.Contains))
                        continue;
                    await page.GotoAsync(new Uri(dashboard.Address, $"#/{route}").ToString());
                    await page.Locator("h1").WaitForAsync();
                    if (name == "overview")
                        await page.Locator("canvas[data-drawn]").WaitForAsync();
                    await page.WaitForTimeoutAsync(900);
                    await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, file + ".png"), FullPage = name == "overview" });
                }

                if (only is null || only.Contains("dialogs"))
                    await DialogsAsync(page, folder, $"{form}-{scheme.ToString().ToLowerInvariant()}");
            }
        }
    }

    private static async Task DialogsAsync(IPage page, string folder, string suffix)
    {
        await page.GotoAsync("about:blank");
        await page.GoBackAsync();
        await page.EvaluateAsync("token => { sessionStorage.setItem('hyperconn.token', token); location.hash = '#/tenants'; }", DashboardFixture.Token);
        await page.Locator("tbody tr").First.WaitForAsync();
        await page.Locator("tbody tr").First.ClickAsync();
        await page.WaitForTimeoutAsync(500);
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"tenant-{suffix}.png") });
        await page.Locator("dialog [data-verb=ban]").ClickAsync();
        await page.WaitForTimeoutAsync(300);
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"action-{suffix}.png") });
    }
}
