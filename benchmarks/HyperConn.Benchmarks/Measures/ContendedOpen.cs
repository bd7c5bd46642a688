using System.Diagnostics;
using System.Globalization;
using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Opening and closing on live pools from eight threads at once: all on one tenant, and on 64.</summary>
internal sealed class ContendedOpen : Measure
{
    private const int Threads = 8;
    private const int Repetitions = 2_000;
    private const int MaxPerTenant = 10;

    // A thread that is suspended keeps its connection: now and then two meet on one of many tenants.
    private const int WarmPerTenantOfMany = 2;

    public override string Name => "contended";

    public override int DefaultRounds => 100;

    public override bool WantsFreshProcesses => true;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await foreach (var row in RunAsync(1, Threads, "8 threads on one tenant", rounds))
            yield return row;
        await foreach (var row in RunAsync(64, WarmPerTenantOfMany, "8 threads on 64 tenants", rounds))
            yield return row;
    }

    private static async IAsyncEnumerable<Row> RunAsync(int count, int warm, string what, int rounds)
    {
        await using var tenants = await Tenants.CreateAsync(count, maxConnections: 400);
        await using var manager = await Manager.StartAsync(tenants.Store(), o =>
        {
            o.Servers.MaxConnections = 190;
            o.Connections.MaxPerTenant = MaxPerTenant;

            // As long as Npgsql's own: neither side closes connections under way.
            o.Connections.IdleLifetime = TimeSpan.FromMinutes(5);
        });
        var keys = tenants.Keys;
        var sources = keys.Select(key => NpgsqlDataSource.Create(tenants.SettingsOf(key, MaxPerTenant))).ToArray();
        try
        {
            foreach (var (place, key) in keys.Index())
            {
                await WarmAsync(warm, () => sources[place].OpenConnectionAsync());
                await WarmAsync(warm, () => manager.Pools.OpenConnectionAsync(key));
            }

            var opens = 0L;
            var before = await manager.Pools.GetStatisticsAsync();
            var contended = await Comparison.RunAsync(
                rounds,
                () => TimeAsync(place => sources[place % count].OpenConnectionAsync()),
                () =>
                {
                    opens += Threads * Repetitions;
                    return TimeAsync(place => manager.Pools.OpenConnectionAsync(keys[place % count]));
                },
                warmUp: 20);
            var after = await manager.Pools.GetStatisticsAsync();
            yield return FactRow($"hot open+close, {what}", "bare NpgsqlDataSource, as many threads", contended, Units.Nanoseconds);

            var hot = (double)(after.HotAcquisitions - before.HotAcquisitions) / opens;
            yield return new Row(
                "of these opens, hot", "", "", hot.ToString("0.00 %", CultureInfo.InvariantCulture), null, $"{opens} opens", "≥ 99 %", hot >= 0.99);
        }
        finally
        {
            foreach (var source in sources)
                await source.DisposeAsync();
        }
    }

    private static async Task WarmAsync(int connections, Func<ValueTask<NpgsqlConnection>> open)
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => open().AsTask()));
        foreach (var connection in opened)
            await connection.DisposeAsync();
    }

    /// <summary>Nanoseconds an open and close, over all threads together. Each thread begins at another tenant and goes round them.</summary>
    private static async Task<double> TimeAsync(Func<int, ValueTask<NpgsqlConnection>> open)
    {
        using var start = new Barrier(Threads + 1);
        var threads = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                for (var i = 0; i < Repetitions; i++)
                {
                    var opening = open((8 * thread) + i);
                    using var connection = opening.IsCompleted ? opening.Result : opening.AsTask().GetAwaiter().GetResult();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        start.SignalAndWait();
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(threads);
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds / (Threads * Repetitions);
    }
}
