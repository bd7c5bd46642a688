using System.Diagnostics;
using HyperConn.Benchmarks.Running;
using HyperConn.Host;

namespace HyperConn.Benchmarks.Measures;

/// <summary>One scrape of <c>/metrics</c> while 10,000 tenants are live, over HTTP, from the request to the last byte.</summary>
internal sealed class Scrape : Measure
{
    public const int Tenants = 10_000;
    private const double MostMilliseconds = 50;

    // Longer than the snapshot and the exporter's answer are kept, so that each scrape is of new numbers.
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(1_300);

    public override string Name => "scrape";

    public override int DefaultRounds => 15;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        foreach (var (labels, most, words) in new[] { (false, 1_000, "tenant labels off"), (true, 1_000, "tenant labels on, at most 1,000"), (true, Tenants, "tenant labels on for all 10,000") })
        {
            var keys = OfflineTenants.Keys(Tenants);
            await using var manager = await Manager.StartAsync(
                OfflineTenants.Store(keys),
                o => (o.Diagnostics.TenantLabels, o.Diagnostics.MaxTenantLabels) = (labels, most),
                new DashboardOptions { Url = "http://127.0.0.1:0" });
            await manager.Pools.PreloadAsync(keys);
            await Task.Delay(Apart);
            using var http = new HttpClient { BaseAddress = manager.Dashboard };

            // The connection is Prometheus's own and stays open; the code that answers is first run by this.
            await http.GetAsync(new Uri("healthz", UriKind.Relative));
            var times = new List<double>(rounds);
            var work = new List<double>(rounds);
            var bytes = 0;
            for (var i = 0; i <= rounds; i++)
            {
                var (started, worked) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
                bytes = (await http.GetByteArrayAsync(new Uri("metrics", UriKind.Relative))).Length;
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                work.Add((Environment.CpuUsage.TotalTime - worked).TotalMilliseconds);
                await Task.Delay(Apart);
            }

            var (first, firstWork) = (times[0], work[0]);
            times.RemoveAt(0);
            work.RemoveAt(0);
            times.Sort();
            work.Sort();
            var promised = most < Tenants;
            yield return new Row(
                $"/metrics with 10,000 live tenants, {words}: the first",
                "", "", FormattableString.Invariant($"{first:0.0} ms"), null, FormattableString.Invariant($"{firstWork:0} ms of processor time, {bytes / 1024} KiB"),
                promised ? "≤ 50 ms" : "", promised ? first <= MostMilliseconds : null);
            yield return new Row(
                $"/metrics with 10,000 live tenants, {words}: later ones",
                "", "", FormattableString.Invariant($"{times[times.Count / 2]:0.0} ms"), null,
                FormattableString.Invariant($"{work[work.Count / 2]:0} ms of processor time, slowest {times[^1]:0.0} ms of {rounds}"), promised ? "≤ 50 ms" : "", promised ? times[times.Count / 2] <= MostMilliseconds : null);
        }
    }
}
