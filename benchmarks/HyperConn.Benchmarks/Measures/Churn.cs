using HyperConn.Benchmarks.Figures;
using HyperConn.Benchmarks.Running;
using HyperConn.Host.Demo;

namespace HyperConn.Benchmarks.Measures;

/// <summary>5,000 tenants one after the other, 32 at a time, while 500 pools may live: every open needs a new one.</summary>
internal sealed class Churn : Measure
{
    private const int Count = 5_000;
    private const int Cap = 500;
    private const double Bound = 1.5;

    // Long enough for the cap to be reached, and for several evictions of each kind after it.
    private static readonly TimeSpan Sample = TimeSpan.FromSeconds(25);

    public override string Name => "churn";

    public override int DefaultRounds => 3;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        var spread = new TenantPlan { Tenants = Count, OwnDatabases = 0, SharedDatabases = 4, Services = ["core"] };
        await using var tenants = await Tenants.CreateAsync(spread, FigurePlan.Budget + 3);
        var plan = new FigurePlan
        {
            Contender = Contenders.HyperConn,
            Seconds = (int)Sample.TotalSeconds,
            Tenants =
            [
                .. tenants.All.Select(tenant => new FigureTenant(tenant.Key.Org, tenant.Login.User, tenant.ConnectionUri + "?sslmode=disable")),
            ],
        };
        var (errors, rivalErrors) = (0, 0);
        var comparison = await Comparison.RunAsync(
            rounds,
            async () =>
            {
                var (rate, failed) = await RoundAsync(new HandMadePools(Cap, settings => settings.Pooling = false));
                rivalErrors += failed;
                return rate;
            },
            async () =>
            {
                var (rate, failed) = await RoundAsync(await ManagerPools.StartAsync(plan, Cap));
                errors += failed;
                return rate;
            },
            warmUp: 0);
        yield return new Row(
            "new pools a second, 5,000 tenants in turn, cap 500, 60 sessions",
            "the least recently used of a dictionary let go by hand",
            Units.Text(comparison.Rival, "0.0", "/s"),
            Units.Text(comparison.Ours, "0.0", "/s"),
            comparison.Ratio,
            $"{Units.Spread(comparison)}, errors {rivalErrors} / {errors}",
            FormattableString.Invariant($"≥ {Bound:0.00}×"),
            comparison.Ratio >= Bound && errors == 0);

        async Task<(double Rate, int Failed)> RoundAsync(IContender pools)
        {
            var callers = new Callers(plan, Name);
            await using (pools)
            {
                var rate = await callers.RoundAndRoundAsync(pools, Sample);
                await pools.DisposeAsync();
                await tenants.QuietAsync();
                return (rate, callers.Errors.Values.Sum() + callers.Wrong);
            }
        }
    }
}
