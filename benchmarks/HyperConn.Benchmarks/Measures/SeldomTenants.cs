using System.Diagnostics;
using System.Globalization;
using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Fifty tenants that are each used every two seconds: how many of their opens are hot. All settings as they are by default.</summary>
internal sealed class SeldomTenants : Measure
{
    private const int Count = 50;
    private const int WarmUp = 3;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    public override string Name => "seldom";

    /// <summary>Opens of each tenant.</summary>
    public override int DefaultRounds => 30;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, maxConnections: 100);
        await using var manager = await Manager.StartAsync(tenants.Store());
        await UseAsync(manager.Pools, tenants.Keys, WarmUp);

        var before = await manager.Pools.GetStatisticsAsync();
        var failed = await UseAsync(manager.Pools, tenants.Keys, rounds);
        var after = await manager.Pools.GetStatisticsAsync();

        var opens = Count * rounds;
        var hot = (double)(after.HotAcquisitions - before.HotAcquisitions) / opens;
        yield return new Row(
            "50 tenants opened every 2 s each, share of opens that are hot",
            "",
            "",
            hot.ToString("0.0 %", CultureInfo.InvariantCulture),
            null,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{opens} opens: {after.Probes - before.Probes} probes, {after.ColdAcquisitions - before.ColdAcquisitions} cold, {failed} failed"),
            "≥ 95 %, 0 failed",
            hot >= 0.95 && failed == 0);
    }

    private static async Task<int> UseAsync(ITenantPools pools, IReadOnlyList<TenantKey> keys, int times)
    {
        var failed = 0;
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(keys.Index().Select(tenant => Task.Run(() => UseOneAsync(tenant.Item, tenant.Index))));
        return failed;

        async Task UseOneAsync(TenantKey key, int place)
        {
            for (var time = 0; time < times; time++)
            {
                // Spread evenly, and by the clock: a late open does not put off the next.
                var wait = (Period * (time + ((double)place / keys.Count))) - Stopwatch.GetElapsedTime(began);
                if (wait > TimeSpan.Zero)
                    await Task.Delay(wait);
                try
                {
                    await using var connection = await pools.OpenConnectionAsync(key);
                    await Storm.SelectOneAsync(connection);
                }
                catch (Exception exception) when (exception is NpgsqlException or HyperConnException or TimeoutException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }
    }
}
