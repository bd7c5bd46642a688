using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace HyperConn.Host;

/// <summary>What changed, as server-sent events: one <c>tick</c> each interval.</summary>
internal static class DashboardStream
{
    private const int MostEventsInATick = 100;

    /// <summary>Ticks until the caller or the host goes away.</summary>
    /// <param name="feed">Where they come from.</param>
    /// <param name="after">Number of the last event the caller knows; null: only later ones.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public static async IAsyncEnumerable<SseItem<Tick>> ReadAsync(
        DashboardFeed feed,
        long? after,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var known = after ?? feed.LastEvent;
        DashboardFeed.Published? seen = null;
        while (true)
        {
            DashboardFeed.Published now;
            try
            {
                now = await feed.NextAsync(seen, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                yield break;
            }

            seen = now;
            var events = feed.EventsAfter(known, MostEventsInATick);
            if (events.Count > 0)
                known = events[^1].Id;
            yield return new SseItem<Tick>(new Tick(now.Sample, now.Totals, now.Servers, now.Attention, now.EventWorker, events), "tick")
            {
                EventId = known.ToString(System.Globalization.CultureInfo.InvariantCulture),
            };
        }
    }
}
