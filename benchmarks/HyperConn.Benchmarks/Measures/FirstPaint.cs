using HyperConn.Benchmarks.Running;
using HyperConn.Host;
using Microsoft.Playwright;

namespace HyperConn.Benchmarks.Measures;

/// <summary>How soon the dashboard's page paints in Chromium while 10,000 tenants are live, each time without a cache.</summary>
internal sealed class FirstPaint : Measure
{
    private const double MostMilliseconds = 1_000;
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    // By the browser's own clock, from the start of the navigation.
    private const string Paint = "() => performance.getEntriesByType('paint').find(p => p.name === 'first-contentful-paint')?.startTime ?? -1";

    public override string Name => "first-paint";

    public override int DefaultRounds => 15;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        if (Places.FirstOrDefault(File.Exists) is not { } executable)
        {
            say("There is no Chromium here.");
            yield break;
        }

        var keys = OfflineTenants.Keys(Scrape.Tenants);
        await using var manager = await Manager.StartAsync(OfflineTenants.Store(keys), dashboard: new DashboardOptions { Url = "http://127.0.0.1:0" });
        await manager.Pools.PreloadAsync(keys);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = executable, Headless = true, Args = ["--no-sandbox", "--disable-gpu"] });
        foreach (var (route, ready, words) in new[]
        {
            ("#/overview", "canvas[data-drawn='10000']", "overview"),
            ("#/tenants", ".table tbody tr", "tenants"),
        })
        {
            List<double> paints = [], complete = [];
            for (var i = 0; i < rounds; i++)
            {
                await using var context = await browser.NewContextAsync();
                var page = await context.NewPageAsync();
                await page.GotoAsync(new Uri(manager.Dashboard!, route).ToString());
                await page.Locator(ready).First.WaitForAsync();
                complete.Add(await page.EvaluateAsync<double>("() => performance.now()"));
                await page.WaitForFunctionAsync($"() => ({Paint})() >= 0");
                paints.Add(await page.EvaluateAsync<double>(Paint));
            }

            var first = paints[0];
            paints.Sort();
            complete.Sort();
            yield return new Row(
                $"first paint of {words} with 10,000 live tenants", "", "", FormattableString.Invariant($"{paints[rounds / 2]:0} ms"), null,
                FormattableString.Invariant($"the first {first:0}, slowest {paints[^1]:0} of {rounds}"), "≤ 1 s", paints[^1] <= MostMilliseconds);
            yield return new Row(
                $"{words} complete, with every number", "", "", FormattableString.Invariant($"{complete[rounds / 2]:0} ms"), null,
                FormattableString.Invariant($"slowest {complete[^1]:0} of {rounds}"), "", null);
        }
    }
}
