using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>Goes from view to view of the page and waits for what is on it, never for a time.</summary>
internal static class PageViews
{
    public static readonly string[] Names = ["overview", "tenants", "servers", "secrets", "events"];

    // Longer than anything takes on a machine that has a lot to do; only a fault lasts as long.
    public const float Patience = 120_000;

    // What each view shows last.
    private static readonly Dictionary<string, string> Content = new()
    {
        ["overview"] = "canvas[data-drawn]",
        ["tenants"] = ".table tbody tr",
        ["servers"] = ".server .chart-svg path",
        ["secrets"] = ".table tbody tr",
        ["events"] = ".event-list li",
        ["nodes"] = ".node .bar",
    };

    /// <summary>Shows a view and waits until its numbers stand there.</summary>
    public static async Task ShowAsync(this IPage page, string view)
    {
        await page.EvaluateAsync("view => { location.hash = `#/${view}`; }", view);
        await page.WaitForViewAsync(view);
    }

    /// <summary>Waits until a view's numbers stand there.</summary>
    public static async Task WaitForViewAsync(this IPage page, string view)
    {
        await page.Locator("h1", new() { HasTextString = view }).WaitForAsync();
        await page.Locator(Content[view]).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await page.WaitForFunctionAsync("() => !document.querySelector('.loading')");
    }

    /// <summary>Waits until the page has taken in that many more messages of the stream.</summary>
    public static Task WaitForTicksAsync(this IPage page, int count) => page.EvaluateAsync(
        """
        async count => {
          const { subscribe } = await import('/store.js');
          await new Promise(resolve => { const stop = subscribe(tick => { if (tick && --count <= 0) { stop(); resolve(); } }); });
        }
        """,
        count);
}
