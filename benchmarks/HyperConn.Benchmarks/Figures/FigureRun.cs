using System.Diagnostics;
using HyperConn.Benchmarks.Running;
using HyperConn.Host;

namespace HyperConn.Benchmarks.Figures;

/// <summary>One contender through all phases, in a process of its own.</summary>
internal static class FigureRun
{
    // Sessions of idle pools and those of callers on their way fit into the budget together.
    private const int CapOfHand = FigurePlan.Budget - FigurePlan.Workers;

    // Longer than the snapshot and the exporter's answer are kept, so that each is of new numbers.
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(1_300);

    public static async Task<FigureResult> RunAsync(FigurePlan plan)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        List<Callers> phases = [];

        await using (var pools = await StartAsync(plan, cap: null))
        {
            values[FigureNames.FirstAnswers] = await Phase("first answers").OnceAsync(pools);
            values[FigureNames.Pools] = pools.Pools;
            values[FigureNames.Managed] = ManagedMemory.Live() / 1e6;
            values[FigureNames.WorkingSet] = Environment.WorkingSet / 1e6;
            var began = Stopwatch.GetTimestamp();
            await pools.DisposeAsync();
            values[FigureNames.Drain] = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }

        await using (var pools = await StartAsync(plan, cap: null))
        {
            var times = await Phase("Zipf load").ByZipfAsync(pools, FigurePlan.OpensPerSecond, TimeSpan.FromSeconds(plan.Seconds));
            if (times.Count > 0)
            {
                values[FigureNames.Median] = Comparison.Quantile(times, 0.5);
                values[FigureNames.P99] = Comparison.Quantile(times, 0.99);
                values[FigureNames.P999] = Comparison.Quantile(times, 0.999);
            }
        }

        foreach (var cap in FigurePlan.Caps.Where(cap => cap * 2 <= plan.Tenants.Count))
        {
            await using var pools = await StartAsync(plan, cap);
            values[FigureNames.Churn(cap)] = await Phase($"churn at cap {cap}").RoundAndRoundAsync(pools, TimeSpan.FromSeconds(plan.Seconds / 3.0));
        }

        if (plan.Contender == Contenders.HyperConn)
            await OperateAsync(plan, values);
        return new FigureResult
        {
            Contender = plan.Contender,
            Tenants = plan.Tenants.Count,
            Values = values,
            Errors = phases.Where(phase => phase.Errors.Count > 0).ToDictionary(phase => phase.Phase, phase => phase.Errors),
            WrongTenants = phases.Sum(phase => phase.Wrong),
        };

        Callers Phase(string name)
        {
            phases.Add(new Callers(plan, name));
            return phases[^1];
        }
    }

    private static async Task<IContender> StartAsync(FigurePlan plan, int? cap) => plan.Contender switch
    {
        Contenders.HyperConn => await ManagerPools.StartAsync(plan, cap ?? 100_000),

        // The pooler keeps the budget, so every tenant may have a data source, and connections to the pooler.
        Contenders.Pooler => new HandMadePools(cap ?? int.MaxValue, settings => settings.MaxPoolSize = 2),

        // As many pools as there are sessions for. Where more are to be kept, their connections can't be.
        _ => new HandMadePools(cap ?? CapOfHand, settings =>
        {
            settings.MaxPoolSize = 2;
            settings.Pooling = cap is null;
        }),
    };

    /// <summary>What an operator asks for, while every tenant has a pool.</summary>
    private static async Task OperateAsync(FigurePlan plan, Dictionary<string, double> values)
    {
        await using var manager = await ManagerPools.RunAsync(plan, 100_000, new DashboardOptions { Url = "http://127.0.0.1:0" });
        await manager.Pools.PreloadAsync([.. plan.Tenants.Select(tenant => TenantKey.Create("core", tenant.Org))]);
        values[FigureNames.Unopened] = ManagedMemory.Live() / 1e6;
        using var http = new HttpClient { BaseAddress = manager.Dashboard };
        values[FigureNames.Statistics] = await MedianAsync(() => manager.Pools.GetStatisticsAsync());
        values[FigureNames.Scrape] = await MedianAsync(() => http.GetByteArrayAsync(new Uri("metrics", UriKind.Relative)));
        values[FigureNames.Overview] = await MedianAsync(() => http.GetByteArrayAsync(new Uri("api/v1/overview", UriKind.Relative)));
    }

    private static async Task<double> MedianAsync(Func<Task> ask)
    {
        var times = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await ask();
            if (i > 0)
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await Task.Delay(Apart);
        }

        return Comparison.Quantile(times, 0.5);
    }
}
