using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>Debian's Chromium, headless, one for the tests of this folder. Absent where it isn't installed.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private readonly string? _executable = Environment.GetEnvironmentVariable("HYPERCONN_CHROMIUM") ?? Places.FirstOrDefault(File.Exists);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    internal IBrowser Instance
    {
        get
        {
            MachinePart.Browser.Need(_browser is not null, "No Chromium: install Debian's package 'chromium', or name one in HYPERCONN_CHROMIUM.");
            return _browser;
        }
    }

    public async Task InitializeAsync()
    {
        if (_executable is null)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = _executable,
            Headless = true,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.CloseAsync();
        _playwright?.Dispose();
    }
}

/// <summary>Tests of the page share one browser.</summary>
[CollectionDefinition("browser")]
public sealed class BrowserTests : ICollectionFixture<Browser>;
