using System.Diagnostics;
using Npgsql;

namespace HyperConn.Host.Demo;

/// <summary>Asks the server itself, on a connection of the administrator's, how many sessions the tenants have.</summary>
internal sealed class SessionSampler(TenantProvisioner provisioner)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private int _now;
    private int _peak;

    /// <summary>Sessions at the last look.</summary>
    public int Now => Volatile.Read(ref _now);

    /// <summary>Most sessions ever seen.</summary>
    public int Peak => Volatile.Read(ref _peak);

    /// <summary>Samples until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                await SampleAsync();
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        catch (NpgsqlException)
        {
            // The server went away; what follows will say so.
        }
    }

    /// <summary>Waits for the last sessions to end: a closed socket and an ended backend are some milliseconds apart.</summary>
    /// <returns>Sessions that are still there after the patience.</returns>
    public async Task<int> WaitForNoneAsync(TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        while (await SampleAsync() > 0 && watch.Elapsed < patience)
            await Task.Delay(20);
        return Now;
    }

    private async Task<int> SampleAsync()
    {
        var sessions = await provisioner.CountSessionsAsync();
        Volatile.Write(ref _now, sessions);
        Volatile.Write(ref _peak, Math.Max(_peak, sessions));
        return sessions;
    }
}
