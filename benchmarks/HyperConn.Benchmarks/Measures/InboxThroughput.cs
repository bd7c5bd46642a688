using System.Diagnostics;
using System.Globalization;
using HyperConn.Benchmarks.Running;
using HyperConn.Events;
using HyperConn.Host.Demo;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Events of 40 tenants, the k-th with 1/k of the first one's, one insert each, with the inbox against without; events a second.</summary>
internal sealed class InboxThroughput : Measure
{
    private const int Events = 5_000;
    private const int TenantCount = 40;
    private const int Seed = 17;

    private static readonly Dictionary<string, string> Statements = new(StringComparer.Ordinal)
    {
        ["default"] = "insert into events (tenant, payload) values (@org, @id)",
    };

    private int _round;

    public override string Name => "inbox";

    public override int DefaultRounds => 9;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(TenantCount, maxConnections: 100);
        var comparison = await Comparison.RunAsync(
            rounds, () => FeedAsync(tenants, inbox: false), () => FeedAsync(tenants, inbox: true), warmUp: 2);
        yield return RatioRow(
            "events/s of the worker with the inbox, one insert each, 40 tenants, 16 workers",
            "without the inbox",
            comparison,
            rate => rate.ToString("N0", CultureInfo.InvariantCulture),
            0.85,
            "≥ 0.85×") with
        {
            Holds = comparison.Ratio >= 0.85,
        };
    }

    private async Task<double> FeedAsync(Tenants tenants, bool inbox)
    {
        var round = _round++;
        await using var manager = await Manager.StartAsync(tenants.Store(), services: services => services
            .AddSingleton<ITenantEventSource>(new GeneratedEvents(tenants.All, new Random(Seed), (round * (long)Events) + 1, Events))
            .AddTenantEventWorker(o => o.Inbox = inbox)
            .AddHandler(new SqlStatementHandler(Statements)));
        // Pools and connections first: what is measured is events.
        foreach (var key in tenants.Keys)
            await (await manager.Pools.OpenConnectionAsync(key)).DisposeAsync();
        var worker = manager.Services.GetRequiredService<TenantEventWorker>();
        var watch = Stopwatch.StartNew();
        await worker.StartAsync(CancellationToken.None);
        await worker.Completion;
        var rate = Events / watch.Elapsed.TotalSeconds;
        var s = worker.GetStatistics();
        return s.Handled == Events ? rate : throw new InvalidOperationException($"{s.Handled} of {Events} events were handled: {string.Join(", ", s.Causes)}");
    }
}
