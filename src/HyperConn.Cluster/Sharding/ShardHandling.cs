using System.Collections.Concurrent;
using HyperConn.Cluster.Protocol;
using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Events;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HyperConn.Cluster.Sharding;

/// <summary>Makes attempts at events that were sent here, as a worker makes them: connection, transaction, inbox, handler, commit. Thread-safe.</summary>
/// <param name="pools">Where connections come from.</param>
/// <param name="handlers">What is done with events.</param>
/// <param name="options">The inbox's table and the time for an attempt.</param>
/// <param name="scopes">Where scoped handlers live.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Where a fault of the cleaning goes.</param>
internal sealed class ShardHandling(
    ITenantPools pools, TenantEventHandlers handlers, TenantEventOptions options, IServiceScopeFactory scopes, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<EventOrigin, EventAttempt> _attempts = new();
    private readonly InboxTenants _used = new();

    /// <summary>Makes one attempt, away from the caller's thread.</summary>
    /// <param name="sent">The event.</param>
    /// <param name="abort">Ends it.</param>
    /// <returns>The answer. It never fails.</returns>
    public Task<IShardAnswer> HandleAsync(SendEvent sent, CancellationToken abort) => Task.Run(() => AttemptAsync(sent, abort), CancellationToken.None);

    /// <summary>Removes old ids from tenants' inboxes until told to stop.</summary>
    public Task CleanAsync(CancellationToken stop)
    {
        // Which scope it is for makes no difference to it: old is old.
        var inbox = new TenantInbox(options.InboxTable, "", _used);
        return new InboxCleaner(inbox, pools, options.InboxRetention, time, logger).RunAsync(stop);
    }

    /// <summary>Another node has the tenant: its inbox is cleaned from there, so that its pool doesn't come back here.</summary>
    public void Forget(TenantKey tenant) => _used.Remove(tenant);

    private async Task<IShardAnswer> AttemptAsync(SendEvent sent, CancellationToken abort)
    {
        try
        {
            using var limit = new CancellationTokenSource(options.AttemptTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, abort);
            var attempt = _attempts.GetOrAdd(new EventOrigin(sent.Source, sent.Scope), Create);
            return new EventEnded(sent.Number, await attempt.MakeAsync(WorkOf(sent), either.Token).ConfigureAwait(false));
        }
        catch (Exception e) when (EventFault.IsShutdown(e))
        {
            return new EventNotBegun(sent.Number);
        }
        catch (Exception e)
        {
            var fault = EventFault.Of(e);
            return new EventFailed(sent.Number, WireSize.Shortened(fault.Code), WireSize.Shortened(fault.Message), fault.IsTransient, fault.IsAway);
        }
    }

    private EventAttempt Create(EventOrigin origin)
    {
        var inbox = origin.Scope is null ? null : new TenantInbox(options.InboxTable, origin.Scope, _used);
        return new EventAttempt(pools, handlers, inbox, origin.Source, scopes);
    }

    private static EventWork WorkOf(SendEvent sent)
    {
        var work = new TenantEvent(sent.Tenant, sent.Type, sent.Id, sent.Data) { CreatedAt = sent.CreatedAt };
        return new EventWork(new TenantDelivery { Place = sent.Place, Event = work, EarlierAttempts = sent.Attempt - 1 }, work) { Attempts = 1 };
    }
}
