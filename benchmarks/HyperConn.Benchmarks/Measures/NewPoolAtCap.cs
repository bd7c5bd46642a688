using System.Diagnostics;
using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>One more tenant where the cap is reached, with 10,000 pools alive: the oldest must go, a new one is made.</summary>
internal sealed class NewPoolAtCap : Measure
{
    private const int Live = 10_000;

    public override string Name => "new-pool-at-cap";

    public override int DefaultRounds => 60;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        var keys = OfflineTenants.Keys(Live + rounds + 100);
        var settings = OfflineTenants.Settings(keys);

        // The look-up of a secret waits a moment for company; a bare data source looks nothing up.
        await using var manager = await Manager.StartAsync(OfflineTenants.Store(keys), o =>
        {
            o.Pools.MaxPools = Live;
            o.Pools.IdleTimeToLive = TimeSpan.FromDays(1);
            o.Secrets.BatchWindow = TimeSpan.Zero;
        });
        var began = Stopwatch.GetTimestamp();
        await manager.Pools.PreloadAsync(keys[..Live]);
        say($"{Live} pools made in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");

        var next = Live;
        var comparison = await Comparison.RunAsync(rounds, RivalAsync, OursAsync, warmUp: 10);
        yield return RatioRow("one new pool at the cap with 10,000 live pools", "building one NpgsqlDataSource then", comparison, Units.Milliseconds, 1.2);

        async Task<double> RivalAsync()
        {
            // Named, as everybody should name them: Npgsql keeps all data sources of a process in a list sorted by name.
            var key = keys[next];
            var started = Stopwatch.GetTimestamp();
            var builder = new NpgsqlDataSourceBuilder(settings[(key.Service, key.Org)].ConnectionString) { Name = key.ToString() };
            var source = builder.Build();
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            await source.DisposeAsync();
            return elapsed;
        }

        async Task<double> OursAsync()
        {
            var key = keys[next++];
            var started = Stopwatch.GetTimestamp();
            await manager.Pools.GetDataSourceAsync(key);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;

            // What was evicted is closed by its own actor, perhaps still now; the next sample starts without it.
            await Task.Delay(20);
            return elapsed;
        }
    }
}
