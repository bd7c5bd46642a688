using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Benchmarks.Figures;

/// <summary>Opens tenants' connections, asks each whose it is, and counts what goes wrong.</summary>
internal sealed class Callers(FigurePlan plan, string phase)
{
    private readonly ConcurrentDictionary<string, int> _errors = new(StringComparer.Ordinal);
    private int _wrong;
    private long _served;

    public string Phase => phase;

    public Dictionary<string, int> Errors => new(_errors, StringComparer.Ordinal);

    public int Wrong => Volatile.Read(ref _wrong);

    public long Served => Interlocked.Read(ref _served);

    /// <summary>Every tenant once.</summary>
    /// <returns>Seconds.</returns>
    public async Task<double> OnceAsync(IContender pools)
    {
        var began = Stopwatch.GetTimestamp();
        var next = -1;
        await InParallelAsync(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < plan.Tenants.Count; i = Interlocked.Increment(ref next))
                await CallAsync(pools, plan.Tenants[i]);
        });
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>One tenant after the other, round and round.</summary>
    /// <returns>Those that were served in a second.</returns>
    public async Task<double> RoundAndRoundAsync(IContender pools, TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        var next = -1;
        await InParallelAsync(async () =>
        {
            while (Stopwatch.GetElapsedTime(began) < time)
                await CallAsync(pools, plan.Tenants[(int)((uint)Interlocked.Increment(ref next) % plan.Tenants.Count)]);
        });
        return Served / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Tenants by Zipf's law, so many opens a second.</summary>
    /// <returns>From when each open was due until it was there, in milliseconds; failed ones are not in it.</returns>
    public async Task<IReadOnlyList<double>> ByZipfAsync(IContender pools, int opensPerSecond, TimeSpan time)
    {
        var ranks = new ZipfRanks(plan.Tenants.Count, new Random(1));
        var times = new ConcurrentBag<double>();
        var began = Stopwatch.GetTimestamp();
        var all = new List<Task>();
        for (var i = 0; i < opensPerSecond * time.TotalSeconds; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / opensPerSecond);
            if (due - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } early)
                await Task.Delay(early);
            var tenant = plan.Tenants[ranks.Next()];
            all.Add(Task.Run(async () =>
            {
                if (await CallAsync(pools, tenant) is { } opened)
                    times.Add((Stopwatch.GetElapsedTime(began, opened) - due).TotalMilliseconds);
            }));
        }

        await Task.WhenAll(all);
        return [.. times];
    }

    private static Task InParallelAsync(Func<Task> work) =>
        Task.WhenAll(Enumerable.Range(0, FigurePlan.Workers).Select(_ => Task.Run(work)));

    private async Task<long?> CallAsync(IContender pools, FigureTenant tenant)
    {
        try
        {
            await using var connection = await pools.OpenAsync(tenant);
            var opened = Stopwatch.GetTimestamp();
            await using var command = new NpgsqlCommand("select current_user::text", connection);
            if (await command.ExecuteScalarAsync() as string != tenant.User)
                Interlocked.Increment(ref _wrong);
            Interlocked.Increment(ref _served);
            return opened;
        }
        catch (Exception failed) when (failed is NpgsqlException or ObjectDisposedException or TimeoutException or SocketException or InvalidOperationException)
        {
            _errors.AddOrUpdate(KindOf(failed), 1, (_, before) => before + 1);
            return null;
        }
    }

    private static string KindOf(Exception failed) => failed switch
    {
        HyperConnException ours => ours.Code.ToString(),
        PostgresException { SqlState: var state } => state,
        { InnerException: TimeoutException } => nameof(TimeoutException),
        _ => failed.GetType().Name,
    };
}
