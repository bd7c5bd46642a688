using Akka.Actor;
using Akka.Hosting;

namespace HyperConn.Host.Workers;

/// <summary>Key of the router of <see cref="TenantEventActor"/>s in the actor registry.</summary>
internal sealed class TenantEventRouter;

/// <summary>How events are fed.</summary>
/// <param name="Workers">Most events under way at once.</param>
/// <param name="Patience">Longest time one event may take, everything included.</param>
internal sealed record EventFeedOptions(int Workers, TimeSpan Patience);

/// <summary>
/// Feeds a source's events to the application's actors, as many at once as there are workers. Stopping it stops the source and waits for
/// the events under way.
/// </summary>
internal sealed partial class EventFeed(
    ITenantEventSource source,
    IRequiredActor<TenantEventRouter> router,
    EventCounters counters,
    EventFeedOptions options,
    ILogger<EventFeed> logger) : BackgroundService
{
    private const int LoggedPerCause = 3;

    /// <summary>Ends when the source has no more events, and the last one is handled.</summary>
    public Task Completion => ExecuteTask ?? Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var actors = await router.GetAsync(stoppingToken);
        // The token goes to the source alone: what it has handed out is finished.
        await Parallel.ForEachAsync(
            source.ReadAsync(stoppingToken),
            new ParallelOptions { MaxDegreeOfParallelism = options.Workers },
            async (delivery, _) => await HandleAsync(actors, delivery));
    }

    private async Task HandleAsync(IActorRef actors, Delivery delivery)
    {
        counters.Begin();
        EventOutcome outcome;
        try
        {
            outcome = delivery.Event is { } work
                ? await actors.Ask<EventOutcome>(new HandleEvent(work), options.Patience)
                : new EventOutcome(EventResult.Failed, "NotAnEvent", delivery.Fault);
        }
        catch (Exception e)
        {
            outcome = EventOutcome.Of(e);
        }

        counters.End(outcome);
        if (outcome.Result != EventResult.Done && counters.Causes.FirstOrDefault(cause => cause.Name == outcome.Cause)?.Count <= LoggedPerCause)
            LogFailed(delivery.Place, delivery.Event?.Tenant.ToString() ?? "nobody", outcome.Cause, outcome.Message);
        await source.CompleteAsync(delivery, outcome);
    }

    [LoggerMessage(EventId = 4001, EventName = "EventFailed", Level = LogLevel.Warning, Message = "Event {Place} of {Tenant} failed: {Cause}: {Message}")]
    private partial void LogFailed(string place, string tenant, string? cause, string? message);
}
