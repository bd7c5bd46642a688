using System.Diagnostics;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Measures;

/// <summary>How soon a cold tenant hears that it can't be served, once that is known.</summary>
internal sealed class OpenCircuit : Measure
{
    private const double MostMilliseconds = 1;

    public override string Name => "open-circuit";

    public override int DefaultRounds => 2_000;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        var known = OfflineTenants.Keys(1);
        await using var manager = await Manager.StartAsync(
            OfflineTenants.Store(known, TimeSpan.FromMilliseconds(30)), o => o.Secrets.FailureTimeToLive = TimeSpan.FromMinutes(5));
        yield return await AnswerAsync("cold tenant whose secret is known to be missing", TenantKey.Create("core", "nobody"));

        async Task<Row> AnswerAsync(string measure, TenantKey tenant)
        {
            await FailAsync(tenant);
            for (var i = 0; i < 500; i++)
                await FailAsync(tenant);
            var times = new List<double>(rounds);
            for (var i = 0; i < rounds; i++)
            {
                var began = Stopwatch.GetTimestamp();
                await FailAsync(tenant);
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }

            var (median, tail) = (Comparison.Quantile(times, 0.5), Comparison.Quantile(times, 0.99));
            return new Row(
                measure, "", "", Units.Milliseconds(median), null, $"99 %: {Units.Milliseconds(tail)}, {rounds} answers", "< 1 ms", median < MostMilliseconds);
        }

        async Task FailAsync(TenantKey tenant)
        {
            try
            {
                await manager.Pools.OpenConnectionAsync(tenant);
            }
            catch (HyperConnException)
            {
                return;
            }

            throw new InvalidOperationException("It was served.");
        }
    }
}
