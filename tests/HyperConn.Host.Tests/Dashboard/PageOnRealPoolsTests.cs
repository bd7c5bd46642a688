using Microsoft.Playwright;

namespace HyperConn.Tests.Dashboard;

/// <summary>The page's buttons, on real pools of a real PostgreSQL.</summary>
[Collection("browser")]
public sealed class PageOnRealPoolsTests(Browser browser, PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [SkippableFact]
    public async Task Pause_resume_refresh_and_drain_do_what_they_say()
    {
        var instance = browser.Instance;
        await using var manager = await RealManager.StartAsync(postgres, 3);
        var tenant = manager.Tenants[0];
        await manager.UseAsync(tenant.Key);
        await using var context = await instance.NewContextAsync();
        context.SetDefaultTimeout(PageViews.Patience);
        var page = await context.NewPageAsync();
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        await page.AddInitScriptAsync($"sessionStorage.setItem('hyperconn.token', '{DashboardFixture.Token}'); localStorage.setItem('hyperconn.by', 'mia')");
        await page.GotoAsync($"{manager.Http.BaseAddress}#/tenants?service={tenant.Key.Service}&org={tenant.Key.Org}");
        var drawer = page.Locator("dialog.drawer");
        // The page shows samples: the first may be from before the pool knew its user.
        await drawer.Locator(".facts", new() { HasTextString = tenant.Login.User }).WaitForAsync();

        await ActAsync(page, "pause");
        var waiting = manager.UseAsync(tenant.Key);
        await Task.Delay(200);
        Assert.False(waiting.IsCompleted);
        await ActAsync(page, "resume");
        await waiting;

        await manager.Provisioner.ChangePasswordAsync(tenant);
        await manager.Secrets.WriteAsync();
        await ActAsync(page, "refresh");
        await RealManager.UntilAsync(async () => (await manager.Pools.GetStatisticsAsync()).Rotations > 0);

        var before = (await manager.Pools.GetStatisticsAsync()).Evictions[EvictionReason.Requested];
        await ActAsync(page, "drain");
        await RealManager.UntilAsync(async () => (await manager.Pools.GetStatisticsAsync()).Evictions[EvictionReason.Requested] == before + 1);
        await manager.UseAsync(tenant.Key);

        await page.GotoAsync($"{manager.Http.BaseAddress}#/events");
        await page.ReloadAsync();
        await page.Locator(".event", new() { HasTextString = "by mia" }).First.WaitForAsync();
        Assert.DoesNotContain(tenant.Login.Password, await page.ContentAsync(), StringComparison.Ordinal);
        Assert.Empty(errors);
    }

    private static async Task ActAsync(IPage page, string verb)
    {
        await page.Locator($"dialog.drawer [data-verb={verb}]").ClickAsync();
        await page.Locator("#action-reason").FillAsync("OPS-7");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#action-reason").WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }
}
