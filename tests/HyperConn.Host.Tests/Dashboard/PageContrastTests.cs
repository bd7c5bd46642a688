using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>
/// The style sheet alone: every tone and every kind of text on every ground it may stand on, in light and dark. What the page happens to
/// show is no part of it, so that a state that comes rarely is looked at every time.
/// </summary>
[Collection("browser")]
public sealed partial class PageContrastTests(Browser browser)
{
    private static readonly string[] Grounds = ["--bg", "--surface", "--raised", "--sunken", "--accent-soft"];

    // Text that does not take its colour from a tone, as it stands in the page.
    private static readonly string[] Texts =
    [
        "<p>text</p>", "<p class='muted'>muted</p>", "<p class='fault'>fault</p>", "<p class='effect'>effect</p>", "<a class='more' href='#'>more</a>",
        "<div class='waiters some'><span>3 waiting</span></div>", "<kbd>d</kbd>", "<span class='live'>Live</span>", "<b class='badge'>4</b>",
        "<div class='nav flow'><a href='#'>Tenants</a><a href='#' aria-current='page'>Servers</a></div>", "<button class='button'>Act</button>", "<button class='button primary'>Pause</button>",
        "<button class='button danger'>Ban</button>", "<button class='chip'>Busy<b>3</b></button>", "<button class='chip' aria-pressed='true'>Busy<b>3</b></button>",
        "<div class='segments'><button>1 min</button><button aria-pressed='true'>5 min</button></div>",
        "<table class='table'><tbody><tr><td data-column='server'>db1</td><td class='bad'>3 · LoginRefused</td><td class='late'>held 12 min</td></tr></tbody></table>",
        "<div class='failure'><strong>LoginRefused</strong><p>why</p><p class='muted'>Next try at</p></div>",
        "<ul class='attention flow'><li data-severity='critical'><div><strong>title</strong><p>detail</p></div></li></ul>",
        "<div class='menu flow'><div class='menu-title'>all</div><button data-verb='ban'>Ban for a time</button></div>", "<div class='toast'>Done.</div>",
        "<input aria-label='search' placeholder='Search tenants'>", "<span class='event-by'>by mia</span>", "<p class='empty'>None</p>",
    ];

    [SkippableTheory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Every_tone_and_every_text_is_readable_on_every_ground(ColorScheme scheme)
    {
        var instance = browser.Instance;
        await using var dashboard = await DashboardFixture.StartAsync();
        var css = await dashboard.Http.GetStringAsync(new Uri("app.css", UriKind.Relative));
        var tones = ToneRule().Matches(css).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.Contains("amber", tones);
        await using var context = await instance.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        context.SetDefaultTimeout(PageViews.Patience);
        var page = await context.NewPageAsync();
        await page.SetContentAsync($"<!doctype html><html lang=en><head><style>{css} .flow {{ position: static !important; background: none !important; }}</style></head><body><h1>Colours</h1>{Samples(tones)}</body></html>");

        var looked = await page.EvaluateAsync<int>("document.querySelectorAll('.tag').length");
        var faults = await page.EvaluateAsync<string[]>(PageAudit.Script);

        Assert.Equal(tones.Count * Grounds.Length, looked);
        Assert.True(faults.Length == 0, string.Join("; ", faults));
    }

    private static string Samples(IReadOnlyList<string> tones)
    {
        var html = new StringBuilder();
        foreach (var ground in Grounds)
        {
            html.Append($"<section title='{ground}' style='background: var({ground}); padding: 8px'>");
            foreach (var tone in tones)
            {
                html.Append($"<span class='tag' data-tone='{tone}'>{tone} on {ground}</span>");
                html.Append($"<ol><li class='event' data-tone='{tone}'><time>10:00</time><i></i><div class='event-text'><span class='event-kind'>{tone} kind<em>{tone} on {ground}</em></span>");
                html.Append("<span class='event-message'>message</span></div></li></ol>");
            }

            html.AppendJoin(' ', Texts).Append("</section>");
        }

        return html.ToString();
    }

    [GeneratedRegex(@"\[data-tone=(\w+)\]")]
    private static partial Regex ToneRule();
}
