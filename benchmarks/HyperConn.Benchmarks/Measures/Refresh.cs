using System.Diagnostics;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Refreshing all of 1,000 secrets: its calls, and what the hot path feels of it.</summary>
internal sealed class Refresh : Measure
{
    private const int Count = 1_000;
    private const int MostCalls = 55;

    // About what a batch takes on AWS. The refresh goes on for some hundred milliseconds, as it would there.
    private static readonly TimeSpan CallTime = TimeSpan.FromMilliseconds(30);

    public override string Name => "refresh";

    public override int DefaultRounds => 60;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, maxConnections: 100);
        await using var manager = await Manager.StartAsync(tenants.Store(CallTime), o => o.Servers.MaxConnections = 80);
        await manager.Pools.PreloadAsync(tenants.Keys, parallelism: 200);
        var key = tenants.Keys[Count / 2];

        var result = await manager.Pools.RefreshAllAsync();
        yield return new Row(
            "RefreshAll over 1,000 tenants, batch calls", "", "", $"{result.StoreCalls}", null, $"{result.Secrets} secrets", "≤ 55",
            result.StoreCalls <= MostCalls && result.Secrets == Count);

        const int many = 1_000;
        var until = Stopwatch.GetTimestamp() + (2 * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < until)
            await HotOpen.OpenAsync(manager.Pools, key, many);
        var comparison = await Comparison.RunAsync(rounds, QuietAsync, RefreshingAsync, warmUp: 4);
        yield return RatioRow(
            "hot open+close during RefreshAll", "without", comparison, Units.Nanoseconds, 1.02) with
        {
            Measure = "hot open+close during RefreshAll, medians",
        };

        Task<double> QuietAsync() => MedianAsync(Task.Delay(TimeSpan.FromMilliseconds(200)));

        Task<double> RefreshingAsync() => MedianAsync(manager.Pools.RefreshAllAsync());

        // Nanoseconds an operation: the median of short samples taken while the task runs.
        async Task<double> MedianAsync(Task task)
        {
            var samples = new List<double>();
            while (!task.IsCompleted)
            {
                var began = Stopwatch.GetTimestamp();
                await HotOpen.OpenAsync(manager.Pools, key, many);
                samples.Add(Stopwatch.GetElapsedTime(began).TotalNanoseconds / many);
            }

            await task;
            return Comparison.Quantile(samples, 0.5);
        }
    }
}
