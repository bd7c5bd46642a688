using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>The page in a real Chromium.</summary>
[Collection("browser")]
public sealed class DashboardPageTests(Browser browser)
{
    [SkippableFact]
    public async Task Numbers_are_live_and_no_page_logs_an_error()
    {
        await using var visit = await VisitAsync();
        var value = visit.Page.Locator("[data-metric=hotPerSecond]");
        await value.WaitForAsync();
        var first = await value.TextContentAsync();
        await visit.Page.WaitForFunctionAsync("before => document.querySelector('[data-metric=hotPerSecond]').textContent !== before", first);

        foreach (var view in PageViews.Names.Reverse())
        {
            await visit.Page.Locator($"#nav a[data-view={view}]").ClickAsync();
            await visit.Page.WaitForViewAsync(view);
            await visit.Page.WaitForTicksAsync(2);
        }

        Assert.Empty(visit.Errors);
    }

    [SkippableFact]
    public async Task Typing_in_the_search_finds_one_tenant_among_ten_thousand()
    {
        await using var visit = await VisitAsync("tenants", new FakeManager(10_000));
        await visit.Page.Locator("tbody tr").First.WaitForAsync();

        await visit.Page.Keyboard.PressAsync("/");
        await visit.Page.Keyboard.TypeAsync("org-07321");

        await visit.Page.WaitForFunctionAsync("() => document.querySelectorAll('tbody tr').length === 1");
        Assert.Contains("org-07321", await visit.Page.Locator("tbody").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("1–1 of 1", await visit.Page.Locator(".pager").InnerTextAsync(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_tenant_is_paused_by_keyboard_alone_after_token_and_reason()
    {
        await using var visit = await VisitAsync("tenants");
        var page = visit.Page;
        await page.Locator("tbody tr").First.WaitForAsync();
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("org-00007");
        await page.WaitForFunctionAsync("() => document.querySelectorAll('tbody tr').length === 1");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("a");
        await page.Locator("[role=menuitem]:focus").WaitForAsync();
        await page.Keyboard.PressAsync("Enter");

        await page.Locator("#token-input:focus").WaitForAsync();
        await page.Keyboard.TypeAsync("not the right token");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator(".fault", new() { HasTextString = "does not take" }).WaitForAsync();
        await page.Keyboard.TypeAsync(DashboardFixture.Token);
        await page.Keyboard.PressAsync("Enter");

        await page.Locator("#action-reason:focus").WaitForAsync();
        await page.Keyboard.TypeAsync("index rebuild");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync("mia");
        await page.Keyboard.PressAsync("Enter");

        await page.Locator(".toast", new() { HasTextString = "Pause" }).WaitForAsync();
        var command = Assert.IsType<PauseTenants>(Assert.Single(visit.Dashboard.Manager.Commands));
        Assert.Equal("index rebuild", command.Reason);
        Assert.StartsWith("mia", command.By, StringComparison.Ordinal);
        await page.Locator(".state[data-state=paused]").WaitForAsync();
        var refusals = visit.Errors.Where(e => !e.Contains("401", StringComparison.Ordinal));
        Assert.Empty(refusals);
    }

    [SkippableFact]
    public async Task The_skip_link_arrows_and_digits_lead_through_the_page()
    {
        await using var visit = await VisitAsync("tenants");
        var page = visit.Page;
        await page.Locator("tbody tr").First.WaitForAsync();
        await page.EvaluateAsync("document.activeElement.blur()");
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await page.EvaluateAsync<string>("document.activeElement.textContent"));
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("main", await page.EvaluateAsync<string>("document.activeElement.id"));

        await page.Locator("tbody tr").First.FocusAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("ArrowDown");
        Assert.Equal(2, await page.EvaluateAsync<int>("[...document.querySelector('tbody').children].indexOf(document.activeElement)"));
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("dialog.drawer[open]").WaitForAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.Locator("dialog.drawer").WaitForAsync(new() { State = WaitForSelectorState.Detached });

        await page.Keyboard.PressAsync("3");
        await page.Locator("h1", new() { HasTextString = "Servers" }).WaitForAsync();
        Assert.Empty(visit.Errors);
    }

    [SkippableFact]
    public async Task Dark_mode_follows_the_system_and_the_toggle_beats_it()
    {
        await using var visit = await VisitAsync(scheme: ColorScheme.Dark);
        await visit.Page.Locator("h1").WaitForAsync();
        const string Lightness = "() => getComputedStyle(document.body).backgroundColor";
        var dark = await visit.Page.EvaluateAsync<string>(Lightness);

        await visit.Page.Locator("#theme").ClickAsync();
        var light = await visit.Page.EvaluateAsync<string>(Lightness);
        await visit.Page.ReloadAsync();
        await visit.Page.Locator("h1").WaitForAsync();

        Assert.Equal("rgb(14, 17, 23)", dark);
        Assert.Equal("rgb(245, 246, 249)", light);
        Assert.Equal(light, await visit.Page.EvaluateAsync<string>(Lightness));
    }

    [SkippableFact]
    public async Task On_a_phone_nothing_is_wider_than_the_screen()
    {
        await using var visit = await VisitAsync(width: 360, height: 740);
        foreach (var view in PageViews.Names)
        {
            await visit.Page.ShowAsync(view);
            Assert.True(await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 360, $"{view} is wider than the screen.");
        }
    }

    [SkippableFact]
    public async Task Every_control_has_a_name_and_every_text_enough_contrast()
    {
        await using var visit = await VisitAsync("tenants");
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await visit.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            foreach (var view in PageViews.Names)
            {
                await visit.Page.ShowAsync(view);
                var faults = await visit.Page.EvaluateAsync<string[]>(PageAudit.Script);
                Assert.True(faults.Length == 0, $"{view}, {scheme}: {string.Join("; ", faults.Take(8))}");
            }
        }
    }

    [SkippableFact]
    public async Task The_token_is_kept_in_the_tab_only_and_never_in_the_page()
    {
        await using var visit = await VisitAsync("tenants");
        await visit.Page.Locator("#token").ClickAsync();
        await visit.Page.Locator("#token-input").FillAsync(DashboardFixture.Token);
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.Locator("#token.unlocked").WaitForAsync();
        await visit.Page.Locator("#nav a[data-view=secrets]").ClickAsync();
        await visit.Page.Locator("tbody tr").First.WaitForAsync();

        Assert.DoesNotContain("canary", await visit.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", await visit.Page.EvaluateAsync<string>("JSON.stringify(localStorage) + document.cookie + location.href"), StringComparison.Ordinal);
        Assert.DoesNotContain(visit.Urls, url => url.Contains("canary", StringComparison.Ordinal));
        Assert.All(visit.Urls, url => Assert.StartsWith(visit.Dashboard.Address.ToString(), url, StringComparison.Ordinal));
    }

    private async Task<Visit> VisitAsync(
        string view = "overview",
        FakeManager? manager = null,
        ColorScheme scheme = ColorScheme.Light,
        int width = 1280,
        int height = 800)
    {
        var instance = browser.Instance;
        var dashboard = await DashboardFixture.StartAsync(manager);
        var context = await instance.NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ViewportSize = new ViewportSize { Width = width, Height = height },
        });
        context.SetDefaultTimeout(PageViews.Patience);
        var page = await context.NewPageAsync();
        var visit = new Visit(dashboard, context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                visit.Errors.Add(message.Text);
        };
        page.PageError += (_, error) => visit.Errors.Add(error);
        page.Request += (_, request) => visit.Urls.Add(request.Url);
        await page.GotoAsync(new Uri(dashboard.Address, $"#/{view}").ToString());
        return visit;
    }

    private sealed class Visit(DashboardFixture dashboard, IBrowserContext context, IPage page) : IAsyncDisposable
    {
        public DashboardFixture Dashboard => dashboard;

        public IPage Page => page;

        public ConcurrentBag<string> Errors { get; } = [];

        public ConcurrentBag<string> Urls { get; } = [];

        public async ValueTask DisposeAsync()
        {
            await context.CloseAsync();
            await dashboard.DisposeAsync();
        }
    }
}
