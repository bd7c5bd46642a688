using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>The page of a host that is a node of a cluster, in a real Chromium.</summary>
[Collection("browser")]
public sealed class NodesPageTests(Browser browser)
{
    [SkippableFact]
    public async Task Without_a_cluster_nothing_speaks_of_nodes()
    {
        await using var dashboard = await DashboardFixture.StartAsync();
        var page = await VisitAsync(dashboard, "nodes");
        await page.WaitForViewAsync("overview");
        Assert.True(await page.Locator("#node").IsHiddenAsync());
        Assert.True(await page.Locator("#nav a[data-view=nodes]").IsHiddenAsync());
        await page.Context.CloseAsync();
    }

    [SkippableFact]
    public async Task Each_node_is_shown_and_the_choice_of_one_changes_every_number()
    {
        var nodes = new FakeNodes(new FakeManager(200));
        await using var dashboard = await DashboardFixture.StartAsync(nodes[FakeNodes.First], nodes: nodes);
        var errors = new List<string>();
        var page = await VisitAsync(dashboard, "nodes", errors: errors);
        await page.WaitForViewAsync("nodes");

        Assert.Equal(4, await page.Locator(".node").CountAsync());
        await page.Locator($".node[data-node='{FakeNodes.Silent}'] .fault", new() { HasTextString = "did not answer" }).WaitForAsync();
        await page.Locator($".node[data-node='{FakeNodes.Second}'] .tag", new() { HasTextString = "Coordinator" }).WaitForAsync();
        Assert.Equal(3, await page.Locator(".divided-server").CountAsync());

        await page.ShowAsync("overview");
        await page.Locator("[data-metric=pools]", new() { HasTextString = "610" }).WaitForAsync();
        await page.Locator("#node").SelectOptionAsync(FakeNodes.Third);
        await page.Locator("[data-metric=pools]", new() { HasTextString = "210" }).WaitForAsync();
        await page.ShowAsync("tenants");
        await page.Locator(".pager", new() { HasTextString = "of 210" }).WaitForAsync();
        Assert.Empty(errors);
        await page.Context.CloseAsync();
    }

    [SkippableFact]
    public async Task A_verb_asks_where_and_shows_a_line_for_each_node()
    {
        var nodes = new FakeNodes(new FakeManager(200));
        await using var dashboard = await DashboardFixture.StartAsync(nodes[FakeNodes.First], nodes: nodes);
        var page = await VisitAsync(dashboard, "nodes");
        await page.WaitForViewAsync("nodes");
        await page.EvaluateAsync("token => sessionStorage.setItem('hyperconn.token', token)", DashboardFixture.Token);

        await page.Locator("#all-actions").ClickAsync();
        await page.Locator("[role=menuitem][data-verb=refresh]").ClickAsync();
        Assert.Equal("all", await page.Locator("#action-node").InputValueAsync());
        await page.Locator("#action-reason").FillAsync("OPS-9");
        await page.Locator("#action-by").FillAsync("mia");
        await page.Locator("dialog button[type=submit]").ClickAsync();
        await page.Locator("dialog .replies li").Nth(3).WaitForAsync();
        Assert.Equal(4, await page.Locator("dialog .replies li").CountAsync());
        await page.Keyboard.PressAsync("Escape");

        await page.Locator($".node[data-node='{FakeNodes.Third}'] footer button").Last.ClickAsync();
        await page.Locator("[role=menuitem][data-verb=refresh]").ClickAsync();
        Assert.Equal(FakeNodes.Third, await page.Locator("#action-node").InputValueAsync());
        await page.Locator("#action-reason").FillAsync("OPS-9");
        await page.Locator("dialog button[type=submit]").ClickAsync();
        await page.Locator(".toast .replies li", new() { HasTextString = "10.0.3.13:4053" }).WaitForAsync();
        Assert.Equal(2, nodes[FakeNodes.Third].Commands.Count);
        await page.Context.CloseAsync();
    }

    [SkippableFact]
    public async Task It_fits_a_phone_has_names_and_enough_contrast()
    {
        var nodes = new FakeNodes(new FakeManager(200)) { WhyNot = "fewer than half of the nodes answer" };
        await using var dashboard = await DashboardFixture.StartAsync(nodes[FakeNodes.First], nodes: nodes);
        var folder = Environment.GetEnvironmentVariable("HYPERCONN_SCREENSHOTS");
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            foreach (var width in new[] { 360, 1280 })
            {
                var page = await VisitAsync(dashboard, "nodes", scheme, width);
                await page.WaitForViewAsync("nodes");
                if (!string.IsNullOrEmpty(folder))
                    await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"nodes-{width}-{scheme.ToString().ToLowerInvariant()}.png"), FullPage = true });
                Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width, $"Wider than {width}.");
                var faults = await page.EvaluateAsync<string[]>(PageAudit.Script);
                Assert.True(faults.Length == 0, $"{scheme}, {width}: {string.Join("; ", faults.Take(8))}");
                await page.Context.CloseAsync();
            }
        }
    }

    private async Task<IPage> VisitAsync(
        DashboardFixture dashboard, string view, ColorScheme scheme = ColorScheme.Light, int width = 1280, List<string>? errors = null)
    {
        var context = await browser.Instance.NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new ViewportSize { Width = width, Height = 860 },
        });
        context.SetDefaultTimeout(PageViews.Patience);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                errors?.Add(message.Text);
        };
        page.PageError += (_, error) => errors?.Add(error);
        await page.GotoAsync(new Uri(dashboard.Address, $"#/{view}").ToString());
        return page;
    }
}
