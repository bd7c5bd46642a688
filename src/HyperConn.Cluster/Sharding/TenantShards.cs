using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Events;
using HyperConn.Events.Sources;
using HyperConn.Primitives;
using Microsoft.Extensions.Options;

namespace HyperConn.Cluster.Sharding;

/// <summary>Sends events for whoever has some: code of the application, and the worker of this node.</summary>
internal sealed class TenantShards(IOptions<TenantEventOptions> options, TimeProvider time) : ITenantShards, IEventForwarder
{
    /// <summary>Source and scope of what no source but the application sends.</summary>
    public const string Own = "shards";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private volatile ShardLine? _line;
    private long _number;

    /// <summary>The actor system has started.</summary>
    public void Start(ShardLine line) => _line = line;

    public async Task<EventOutcome> SendAsync(TenantEvent @event, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(@event);
        var settings = options.Value;
        var origin = new EventOrigin(Own, settings.Inbox ? Own : null);
        var pause = new GrowingPause(FirstPause, LongestPause);
        TimeSpan? failedSince = null;
        for (var attempt = 1; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                using var limit = new CancellationTokenSource(settings.AttemptTimeout, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
                var result = await ForwardAsync(@event, origin, @event.Id, attempt, either.Token).ConfigureAwait(false);
                return new EventOutcome(result, Attempts: attempt);
            }
            catch (Exception e) when (e is not HyperConnException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var fault = EventFault.Of(e);
                if (!fault.IsTransient)
                    return new EventOutcome(EventResult.Rejected, fault.Code, fault.Message, attempt);
                var now = MonotonicClock.NowOf(time);
                failedSince ??= now;
                if (now - failedSince >= settings.RetryFor)
                    throw new EventRetryException(fault.Code, fault.Message, e);
            }

            await Task.Delay(pause.Next(), time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Has one attempt made, however often it must be sent for that.</summary>
    public async Task<EventResult> ForwardAsync(
        TenantEvent @event, EventOrigin origin, string place, int attempt, CancellationToken cancellationToken)
    {
        var line = _line ?? throw NotStarted(@event.Tenant);
        var message = new SendEvent(
            Interlocked.Increment(ref _number),
            @event.Tenant,
            @event.Type,
            @event.Id,
            @event.Data,
            @event.CreatedAt,
            origin.Source,
            origin.Scope,
            place,
            attempt);
        line.Limit.Check(message);
        var sent = line.Sent.Add(message);
        try
        {
            line.Sender.Tell(new ShardSender.Begin(message.Number), Akka.Actor.ActorRefs.NoSender);
            return await sent.End.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            line.Sent.Take(message.Number);
        }
    }

    private static HyperConnException NotStarted(TenantKey tenant) => new(new HyperConnFailure(
        HyperConnErrorCode.NotConfigured,
        "Tenants' events can't be sent: neither WithTenantSharding() nor WithTenantShardingProxy() was called on the Akka builder, or the host has not started.",
        tenant));
}
