using System.Runtime.ExceptionServices;
using System.Threading.Channels;
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
/// the events under way; those that only wait for their turn are not begun any more.
/// </summary>
internal sealed partial class EventFeed(
    ITenantEventSource source,
    IRequiredActor<TenantEventRouter> router,
    EventCounters counters,
    EventFeedOptions options,
    ILogger<EventFeed> logger) : BackgroundService
{
    private readonly TenantTurns _turns = new(options.Workers);
    private readonly FailureLog _failures = new(TimeProvider.System);
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Exception? _fault;

    /// <summary>Ends when the source has no more events, and the last one is handled.</summary>
    public Task Completion => ExecuteTask ?? Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var actors = await router.GetAsync(stoppingToken);
        try
        {
            // The token goes to the source alone: what has begun is finished.
            await foreach (var delivery in source.ReadAsync(stoppingToken))
            {
                if (delivery.Event is { } work)
                    _turns.Add(work.Tenant, delivery);
                else
                    await RefuseAsync(delivery, new EventOutcome(EventResult.Failed, "NotAnEvent", delivery.Fault));
                BeginWhatMay(actors);
                while (!_turns.WantsMore && _fault is null && !stoppingToken.IsCancellationRequested)
                    await ChangeAsync(stoppingToken);
                if (_fault is not null)
                    break;
            }
        }
        finally
        {
            if (stoppingToken.IsCancellationRequested)
            {
                // They go back to where they came from, and are no failures.
                foreach (var delivery in _turns.TakeWaiting())
                {
                    counters.NeverBegun();
                    await source.CompleteAsync(delivery, EventOutcome.Stopped);
                }
            }

            while (!_turns.IsIdle && _fault is null)
                await ChangeAsync(CancellationToken.None);
        }

        if (_fault is not null)
            ExceptionDispatchInfo.Throw(_fault);
    }

    private async Task ChangeAsync(CancellationToken stop) =>
        await ((Task)_changed.Reader.ReadAsync(stop).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void BeginWhatMay(IActorRef actors)
    {
        while (_turns.TryTake(out var delivery))
            _ = HandleAsync(actors, delivery, delivery.Event!);
    }

    private async Task HandleAsync(IActorRef actors, Delivery delivery, TenantEvent work)
    {
        counters.Begin();
        EventOutcome outcome;
        try
        {
            outcome = await actors.Ask<EventOutcome>(new HandleEvent(work), options.Patience);
        }
        catch (Exception e)
        {
            outcome = EventOutcome.Of(e);
        }

        try
        {
            await EndAsync(delivery, outcome);
        }
        catch (Exception e)
        {
            // What can't be let go of can't be gone on with: the next ones would be lost.
            _fault ??= e;
        }

        _turns.End(work.Tenant, outcome);
        if (_fault is null)
            BeginWhatMay(actors);
        _changed.Writer.TryWrite(true);
    }

    private Task RefuseAsync(Delivery delivery, EventOutcome outcome)
    {
        counters.Begin();
        return EndAsync(delivery, outcome);
    }

    private Task EndAsync(Delivery delivery, EventOutcome outcome)
    {
        counters.End(outcome);
        var tenant = delivery.Event?.Tenant.ToString() ?? "nobody";
        if (outcome.Result != EventResult.Done && _failures.MayWrite(tenant, outcome.Cause))
            LogFailed(delivery.Place, tenant, outcome.Cause, outcome.Message);
        return source.CompleteAsync(delivery, outcome);
    }

    [LoggerMessage(EventId = 4001, EventName = "EventFailed", Level = LogLevel.Warning, Message = "Event {Place} of {Tenant} failed: {Cause}: {Message}")]
    private partial void LogFailed(string place, string tenant, string? cause, string? message);
}
