using System.Globalization;

namespace HyperConn.Tests.Support;

/// <summary>How long races and outages last: a few seconds, or what <c>HYPERCONN_SOAK_SECONDS</c> says.</summary>
internal static class Soak
{
    /// <summary>Asked-for duration, or the short form.</summary>
    public static TimeSpan Duration(double shortForm) => TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("HYPERCONN_SOAK_SECONDS"), CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : shortForm);

    /// <summary>Runs workers until the time is up; the first failure ends them all.</summary>
    public static async Task RunAsync(int workers, TimeSpan duration, Func<int, Random, Task> step)
    {
        using var stop = new CancellationTokenSource(duration);
        using var failed = new CancellationTokenSource();
        await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            try
            {
                while (!stop.IsCancellationRequested && !failed.IsCancellationRequested)
                    await step(worker, random);
            }
            catch
            {
                await failed.CancelAsync();
                throw;
            }
        })));
    }
}
