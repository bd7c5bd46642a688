using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ReportWorker;

/// <summary>Prints a report, now and again.</summary>
internal sealed class Reporter(SalesReport report, IOptions<ReportOptions> options, IHostApplicationLifetime host) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        do
        {
            Print(await report.MakeAsync(stoppingToken));
            if (options.Value.Every == TimeSpan.Zero)
                break;
            await Task.Delay(options.Value.Every, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!stoppingToken.IsCancellationRequested);
        host.StopApplication();
    }

    private static void Print(IReadOnlyList<Sales> all)
    {
        foreach (var sales in all)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{sales.Org}\t{sales.Orders}\t{sales.Amount}\t{sales.Problem ?? "ok"}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"total\t{all.Sum(sales => sales.Orders)}\t{all.Sum(sales => sales.Amount)}\t{all.Count(sales => sales.Problem is not null)} of {all.Count} not asked"));
    }
}
