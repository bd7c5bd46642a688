using System.Diagnostics;
using System.Globalization;
using HyperConn.Benchmarks.Running;
using HyperConn.Diagnostics;
using HyperConn.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Benchmarks.Measures;

/// <summary>
/// What the hot path feels of being watched: 10,000 live pools, and the dashboard and the Prometheus exporter on, with a page open and a
/// scrape a second, against the same manager with all of it off.
/// </summary>
internal sealed class HotObserved : Measure
{
    private const int Live = 10_000;
    private const int Repetitions = 1_000;

    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public override string Name => "hot-observed";

    public override int DefaultRounds => 20;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(1, maxConnections: 40);
        var idle = OfflineTenants.Keys(Live - 1);
        var store = OfflineTenants.Store(idle);
        foreach (var (name, text) in tenants.Secrets())
            store.Put(name, text);
        await using var manager = await Manager.StartAsync(
            store,
            o =>
            {
                o.Pools.IdleTimeToLive = TimeSpan.FromDays(1);
                o.Secrets.TimeToLive = TimeSpan.FromDays(1);
                o.Secrets.HardLimit = TimeSpan.FromDays(2);
            },
            services: services =>
            {
                services.AddHealthChecks().AddHyperConn();

                // Snapshots end soon after the watching does, so that "off" is off.
                services.AddSingleton<IStatisticsSource>(provider => new StatisticsCache(
                    token => provider.GetRequiredService<ITenantPools>().GetStatisticsAsync(token))
                { KeepFreshFor = Second });
            });
        var key = tenants.Keys[0];
        await manager.Pools.PreloadAsync([key, .. idle]);
        say($"{Live} pools made");

        const int warmUp = 2;
        var (off, on) = (new List<double>(), new List<double>());
        var path = await Comparison.RunAsync(rounds, () => UnwatchedAsync(off), () => WatchedAsync(on), warmUp);
        yield return RatioRow("hot open+close, dashboard and metrics on, 10,000 live tenants, medians", "off", path, Units.Nanoseconds, 1.02);

        // With every moment in which something else had the processor, the snapshots and scrapes among it.
        var means = off.Zip(on, (without, with) => with / without).Skip(warmUp).ToArray();
        yield return new Row(
            "the same, means", "off", Units.Nanoseconds(Comparison.Quantile(off.Skip(warmUp), 0.5)), Units.Nanoseconds(Comparison.Quantile(on.Skip(warmUp), 0.5)),
            Comparison.Quantile(means, 0.5), string.Create(CultureInfo.InvariantCulture, $"{Comparison.Quantile(means, 0.25):0.000}–{Comparison.Quantile(means, 0.75):0.000}"),
            "", null);

        async Task<double> UnwatchedAsync(List<double> all)
        {
            await Task.Delay(2.5 * Second);
            return await OpenAsync(manager.Pools, key, all);
        }

        async Task<double> WatchedAsync(List<double> all)
        {
            await using var dashboard = new DashboardServer(
                manager.Services,
                new DashboardOptions { Url = "http://127.0.0.1:0" },
                new TelemetryOptions(),
                NullLogger<DashboardServer>.Instance);
            await dashboard.StartAsync(CancellationToken.None);
            using var stop = new CancellationTokenSource();
            using var http = new HttpClient { BaseAddress = dashboard.Address };
            Task[] watching = [PageAsync(http, stop.Token), ScrapeAsync(http, stop.Token)];
            await Task.Delay(1.5 * Second, CancellationToken.None);
            var median = await OpenAsync(manager.Pools, key, all);
            await stop.CancelAsync();
            await Task.WhenAll(watching);
            await dashboard.StopAsync(CancellationToken.None);
            return median;
        }
    }

    /// <summary>Nanoseconds an operation, for a phase: the median of short samples, and the mean added to <paramref name="means"/>.</summary>
    private static async Task<double> OpenAsync(ITenantPools pools, TenantKey key, List<double> means)
    {
        var samples = new List<double>();
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Phase)
        {
            var sample = Stopwatch.GetTimestamp();
            await HotOpen.OpenAsync(pools, key, Repetitions);
            samples.Add(Stopwatch.GetElapsedTime(sample).TotalNanoseconds / Repetitions);
        }

        means.Add(Stopwatch.GetElapsedTime(began).TotalNanoseconds / (samples.Count * Repetitions));
        return Comparison.Quantile(samples, 0.5);
    }

    private static async Task ScrapeAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var text = await http.GetStringAsync("metrics", cancellationToken);
                if (!text.Contains("hyperconn_", StringComparison.Ordinal))
                    throw new InvalidOperationException("Nothing was scraped.");
                await Task.Delay(Second, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The phase is over.
        }
    }

    /// <summary>What an open page does: the stream of samples, and the table of tenants again and again.</summary>
    private static async Task PageAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync("api/v1/stream", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            response.EnsureSuccessStatusCode();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.Length == 0)
                    await http.GetStringAsync("api/v1/tenants?sort=accesses", cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The phase is over.
        }
    }
}
