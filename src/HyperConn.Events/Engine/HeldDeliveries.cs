using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace HyperConn.Events;

/// <summary>The deliveries a worker holds, which their source is asked to keep from others.</summary>
internal sealed partial class HeldDeliveries(ITenantEventSource source, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<TenantDelivery, byte> _held = new();

    public void Add(TenantDelivery delivery)
    {
        if (source.ExtendEvery is not null)
            _held.TryAdd(delivery, 0);
    }

    public void Remove(TenantDelivery delivery) => _held.TryRemove(delivery, out _);

    public async Task ExtendAsync(CancellationToken stop)
    {
        if (source.ExtendEvery is not { } every)
            return;
        using var timer = new PeriodicTimer(every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false))
            {
                if (_held.IsEmpty)
                    continue;
                try
                {
                    await source.ExtendAsync([.. _held.Keys], stop).ConfigureAwait(false);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // Some may come twice now; the inbox knows them.
                    LogNotExtended(source.Name, e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The worker ends.
        }
    }

    [LoggerMessage(EventId = 4004, EventName = "EventsNotExtended", Level = LogLevel.Warning,
        Message = "Source {Source} could not keep events under way from others; some may come again: {Message}")]
    private partial void LogNotExtended(string source, string message);
}
