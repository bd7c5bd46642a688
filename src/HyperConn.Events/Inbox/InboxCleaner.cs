using Microsoft.Extensions.Logging;

namespace HyperConn.Events;

/// <summary>
/// Removes old ids, one tenant after the other on one connection at a time, so that it never stands in the way of events. A tenant without
/// events has none that get old, and is left alone.
/// </summary>
internal sealed partial class InboxCleaner(TenantInbox inbox, ITenantPools pools, TimeSpan retention, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>How often each tenant is cleaned.</summary>
    public TimeSpan Interval { get; } = TimeSpan.FromTicks(Math.Clamp(retention.Ticks / 10, Shortest.Ticks, Longest.Ticks));

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false))
            {
                foreach (var tenant in inbox.TakeUsed())
                    await CleanAsync(tenant, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The worker ends.
        }
    }

    private async Task CleanAsync(TenantKey tenant, CancellationToken stop)
    {
        try
        {
            var more = true;
            while (more)
            {
                // Each round a lease of its own: others wait for connections, too.
                await using var connection = await pools.OpenConnectionAsync(tenant, stop).ConfigureAwait(false);
                more = await inbox.CleanAsync(connection, retention, stop).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // The tenant's next events bring it back here.
            LogNotCleaned(tenant, e.Message);
        }
    }

    [LoggerMessage(EventId = 4003, EventName = "InboxNotCleaned", Level = LogLevel.Debug,
        Message = "Old ids of {Tenant} could not be removed: {Message}")]
    private partial void LogNotCleaned(TenantKey tenant, string message);
}
