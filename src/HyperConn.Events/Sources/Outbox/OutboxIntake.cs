using System.Collections.Concurrent;

namespace HyperConn.Events.Sources;

/// <summary>Claims rows when it is asked for one and has none, and keeps their leases until they are taken.</summary>
internal sealed class OutboxIntake(OutboxTable table, OutboxFaults faults, OutboxOptions options, TimeProvider time)
{
    // Of a lease: a row with more left can wait for the next round, a third of it later.
    private const double EnoughLeft = 0.7;

    private readonly DeliveryHand<OutboxDelivery> _hand = new(delivery => delivery.Group, delivery => delivery.Bytes);
    private readonly ConcurrentDictionary<long, OutboxDelivery> _known = new();
    private readonly GrowingPause _backoff = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
    private readonly Lock _gate = new();
    private readonly HashSet<object> _returned = [];
    private bool _mayHaveUnknown;

    /// <summary>Takes the next row; null: there is none now, and a pause has passed.</summary>
    /// <param name="flushReturns">Waits until what was handed back is back.</param>
    /// <param name="giveBack">Hands back what must not be handed out.</param>
    /// <param name="stop">Ends the waiting.</param>
    public async Task<OutboxDelivery?> TakeAsync(
        Func<CancellationToken, Task> flushReturns, Action<OutboxDelivery> giveBack, CancellationToken stop)
    {
        if (_hand.TryTake(out var delivery))
            return delivery;
        // Before the claim: what is notified meanwhile is not missed.
        var changed = _hand.Changed;
        var pause = options.PollInterval;
        if (_known.Count < options.MaxInHand)
        {
            try
            {
                if (await ClaimAsync(flushReturns, giveBack, stop).ConfigureAwait(false))
                    return _hand.TryTake(out delivery) ? delivery : null;
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception fault)
            {
                faults.Note("Claiming rows", fault);
                _mayHaveUnknown = true;
                pause = _backoff.Next();
                changed = Task.Delay(Timeout.Infinite, stop);
            }
        }

        await changed.WaitAsync(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return null;
    }

    /// <summary>Takes all that were not taken.</summary>
    public IReadOnlyList<OutboxDelivery> TakeAll() => _hand.TakeAll();

    /// <summary>One that was taken is done with: the next of its tenant may go.</summary>
    public void Done(OutboxDelivery delivery) => _hand.Done(delivery);

    /// <summary>One that was taken goes back; so must those of its tenant behind it, which are taken by this.</summary>
    public IReadOnlyList<OutboxDelivery> GiveUp(OutboxDelivery delivery) => _hand.GiveUp(delivery);

    /// <summary>Rows of a tenant are on their way back. A claim under way may bring rows that stand behind them.</summary>
    public void Returned(OutboxDelivery delivery)
    {
        if (delivery.Group is not { } group)
            return;
        lock (_gate)
            _returned.Add(group);
    }

    /// <summary>A row is not in hand any more.</summary>
    public void Forget(OutboxDelivery delivery) => _known.TryRemove(new KeyValuePair<long, OutboxDelivery>(delivery.RowId, delivery));

    /// <summary>There may be something to claim.</summary>
    public void Wake() => _hand.Wake();

    /// <summary>Whether a row is still kept from others; if not, somebody else may have it by now.</summary>
    public bool IsLeased(OutboxDelivery delivery) => time.GetTimestamp() < delivery.KeptUntil;

    /// <summary>Extends leases, those that have most of it left excepted. A fault is noted, and the next round tries again.</summary>
    public async Task ExtendAsync(IEnumerable<OutboxDelivery> deliveries, CancellationToken ct)
    {
        var now = time.GetTimestamp();
        var soon = now + (long)(options.Lease.TotalSeconds * EnoughLeft * time.TimestampFrequency);
        foreach (var batch in deliveries.Where(delivery => !delivery.IsEnded && delivery.KeptUntil < soon).Chunk(1_000))
        {
            try
            {
                var before = time.GetTimestamp();
                long[] ids = [.. batch.Select(delivery => delivery.RowId)];
                var ours = await faults.LimitAsync(token => table.ExtendAsync(ids, token), ct).ConfigureAwait(false);
                foreach (var delivery in batch.Where(delivery => ours.Contains(delivery.RowId)))
                    delivery.KeptUntil = LeaseFrom(before);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                faults.Note("Extending leases", fault);
            }
        }
    }

    /// <summary>Keeps the leases of what waits here.</summary>
    public async Task KeepLeasesAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(options.Lease / 3, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ExtendAsync(_hand.Snapshot(), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> ClaimAsync(Func<CancellationToken, Task> flushReturns, Action<OutboxDelivery> giveBack, CancellationToken stop)
    {
        lock (_gate)
            _returned.Clear();
        // What was handed back stands before what is to be claimed.
        await flushReturns(stop).ConfigureAwait(false);
        if (_mayHaveUnknown)
        {
            await faults.LimitAsync(token => table.FreeUnknownAsync([.. _known.Keys], token), stop).ConfigureAwait(false);
            _mayHaveUnknown = false;
        }

        var before = time.GetTimestamp();
        // Not to be cancelled by the stop: rows claimed by a call whose answer is not awaited would be nobody's until their lease is over.
        var rows = await faults.LimitAsync(table.ClaimAsync, CancellationToken.None).ConfigureAwait(false);
        _backoff.Reset();
        var fresh = new List<OutboxDelivery>(rows.Count);
        var overtaking = new List<OutboxDelivery>();
        lock (_gate)
        {
            foreach (var row in rows)
            {
                var delivery = OutboxRows.Read(row, options.Table, options.Ordered);
                var known = _known.GetOrAdd(row.Id, delivery);
                known.KeptUntil = LeaseFrom(before);
                if (known == delivery)
                    (delivery.Group is { } group && _returned.Contains(group) ? overtaking : fresh).Add(delivery);
            }

            _hand.Add(fresh);
        }

        overtaking.ForEach(giveBack);
        return rows.Count > 0;
    }

    private long LeaseFrom(long timestamp) => timestamp + (long)(options.Lease.TotalSeconds * time.TimestampFrequency);
}
