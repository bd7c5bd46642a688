using System.Globalization;
using System.Text;

namespace HyperConn.Host.Demo;

/// <summary>What people see of the demo.</summary>
internal interface IDemoView
{
    /// <summary>Tells of a step.</summary>
    void Say(string step);

    /// <summary>Tells of something that is not as it could be.</summary>
    void Notice(string notice);

    /// <summary>Shows how it goes until stopped.</summary>
    Task RunAsync(DemoSituation situation, CancellationToken stop);
}

/// <summary>Plain lines, for files and pipes; and for standard error, where standard output is for the JSON object.</summary>
internal sealed class LinesDemoView(TextWriter output) : IDemoView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    public void Say(string step) => output.WriteLine(step);

    public void Notice(string notice) => output.WriteLine($"({notice})");

    public async Task RunAsync(DemoSituation situation, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                await output.WriteLineAsync(await DescribeAsync(situation, stop));
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private static async Task<string> DescribeAsync(DemoSituation situation, CancellationToken stop)
    {
        var statistics = await situation.Pools.GetStatisticsAsync(stop);
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{situation.Elapsed.Elapsed.TotalSeconds,5:0.0} s");
        line.Append(CultureInfo.InvariantCulture, $"  events {situation.Events.Ended:N0} (failed {situation.Events.Rejected - situation.WrongTenant}, wrong tenant {situation.WrongTenant})");
        line.Append(CultureInfo.InvariantCulture, $"  pools {statistics.Pools}/{situation.Options.MaxPools} (made {statistics.PoolsCreated:N0}, evicted {statistics.Evictions.Values.Sum():N0})");
        line.Append(CultureInfo.InvariantCulture, $"  leases {statistics.Leases}  hot {statistics.HotAcquisitions:N0}  cold {statistics.ColdAcquisitions:N0}");
        line.Append(CultureInfo.InvariantCulture, $"  secret calls {statistics.Secrets.StoreCalls}  sessions {situation.Sessions.Now} (peak {situation.Sessions.Peak})");
        line.Append(CultureInfo.InvariantCulture, $"  rotations {situation.Rotation.Done}");
        return line.ToString();
    }
}
