using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>Takes the README's pictures of a demo that runs. Runs only when HYPERCONN_SCREENSHOTS names the folder to write to, so that a test run leaves no diffs.</summary>
[Collection("browser")]
public sealed partial class ScreenshotTests(Browser browser)
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
        await using var demo = HostProcess.Start("demo", "--duration", "10m", "--json");
        try
        {
            await demo.WaitForErrorsAsync("  events ");
        }
        catch (Xunit.Sdk.XunitException)
        {
            demo.SkipWithoutPostgres();
            throw;
        }

        var served = Served().Match(demo.Errors);
        var (address, token) = (new Uri(served.Groups[1].Value), served.Groups[2].Value);
        await PauseOneAsync(address, token);

        // The charts are worth a look when there is something in them.
        await Task.Delay(TimeSpan.FromSeconds(100));
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

                    // High enough for the whole of it: what is fixed to the window would hang in the middle of a full-page picture.
                    await page.SetViewportSizeAsync(width, name == "overview" && form == "desk" ? 1440 : height);
                    await page.GotoAsync(new Uri(address, $"#/{route}").ToString());
                    await page.WaitForViewAsync(route);
                    await page.WaitForTicksAsync(1);
                    await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, file + ".png") });
                }

                if (only is null || only.Contains("dialogs"))
                    await DialogsAsync(page, token, folder, $"{form}-{scheme.ToString().ToLowerInvariant()}");
            }
        }
    }

    private static async Task PauseOneAsync(Uri address, string token)
    {
        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var tenants = await http.GetFromJsonAsync<JsonElement>("api/v1/tenants?sort=accesses&desc=false&limit=1");
        var quiet = tenants.GetProperty("items")[0];
        var (service, org) = (quiet.GetProperty("service").GetString(), quiet.GetProperty("org").GetString());
        await http.PostAsJsonAsync("api/v1/actions", new { verb = "pause", scope = "tenant", service, org, by = "mia", reason = "schema change, OPS-311" });
    }

    [GeneratedRegex(@"Dashboard: (http://\S+)  admin token: (\w+)")]
    private static partial Regex Served();

    private static async Task DialogsAsync(IPage page, string token, string folder, string suffix)
    {
        await page.GotoAsync("about:blank");
        await page.GoBackAsync();
        await page.EvaluateAsync("token => { sessionStorage.setItem('hyperconn.token', token); location.hash = '#/tenants'; }", token);
        await page.Locator("tbody tr").First.WaitForAsync();
        await page.Locator("tbody tr").First.ClickAsync();
        await page.Locator("dialog.drawer .facts").WaitForAsync();
        await page.WaitForTicksAsync(2);
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"tenant-{suffix}.png") });
        await page.Locator("dialog [data-verb=ban]").ClickAsync();
        await page.Locator("#action-reason").WaitForAsync();
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"action-{suffix}.png") });
    }
}
