using System.Collections.Concurrent;

namespace HyperConn.Events.Sources;

/// <summary>Claims rows when it is asked for one and has none, and keeps their leases until they are taken.</summary>
/// <param name="table">The table.</param>
/// <param name="returns">Takes rows that go back, and does not wait.</param>
/// <param name="flushReturns">Waits until all of them are back.</param>
/// <param name="faults">Faults of calls.</param>
/// <param name="options">Settings.</param>
/// <param name="time">Clock.</param>
internal sealed class OutboxIntake(
    OutboxTable table,
    Action<OutboxReturn> returns,
    Func<CancellationToken, Task> flushReturns,
    OutboxFaults faults,
    OutboxOptions options,
    TimeProvider time)
{
    // Of a lease: a row with more left can wait for the next round, a third of it later.
    private const double EnoughLeft = 0.7;

    private readonly DeliveryHand<OutboxDelivery> _hand = new(delivery => delivery.Group, delivery => delivery.Bytes);
    private readonly ConcurrentDictionary<long, OutboxDelivery> _known = new();
    private readonly GrowingPause _backoff = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));

    // What is claimed comes into the hand, and what goes back leaves it, in one step each. Between the two steps of one hand-back, rows
    // that stand behind it could otherwise come in from a claim under way, and be handed out before it.
    private readonly Lock _gate = new();
    private readonly HashSet<object> _returned = [];
    private bool _mayHaveUnknown;

    /// <summary>Takes the next row; null: there is none now, and a pause has passed.</summary>
    /// <param name="stop">Ends the waiting.</param>
    public async Task<OutboxDelivery?> TakeAsync(CancellationToken stop)
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
                if (await ClaimAsync(stop).ConfigureAwait(false))
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

    /// <summary>One that was taken is done with: the next of its tenant may go.</summary>
    public void Done(OutboxDelivery delivery) => _hand.Done(delivery);

    /// <summary>Hands one back that was taken, and with it those of its tenant behind it.</summary>
    /// <param name="delivery">The row.</param>
    /// <param name="untried">Whether its event was not begun. Those behind it never were.</param>
    public void GiveBack(OutboxDelivery delivery, bool untried)
    {
        lock (_gate)
        {
            if (!delivery.TryEnd())
                return;
            if (delivery.Group is { } group)
                _returned.Add(group);
            foreach (var behind in _hand.GiveUp(delivery))
                Return(behind, seconds: 0, untried: true);
            Return(delivery, untried ? 0 : ReturnPause.Seconds(delivery.Takes), untried);
        }
    }

    /// <summary>Hands back all that were not taken, when nothing is claimed any more.</summary>
    public void GiveBackAll()
    {
        lock (_gate)
        {
            foreach (var delivery in _hand.TakeAll())
                Return(delivery, seconds: 0, untried: true);
        }
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

    private async Task<bool> ClaimAsync(CancellationToken stop)
    {
        lock (_gate)
            _returned.Clear();
        // What was handed back stands before what is to be claimed.
        await flushReturns(stop).ConfigureAwait(false);
        if (_mayHaveUnknown)
        {
            await faults.LimitAsync(token => table.FreeUnknownAsync(Known, token), stop).ConfigureAwait(false);
            _mayHaveUnknown = false;
        }

        var before = time.GetTimestamp();
        // Not to be cancelled by the stop: rows claimed by a call whose answer is not awaited would be nobody's until their lease is over.
        var rows = await faults.LimitAsync(table.ClaimAsync, CancellationToken.None).ConfigureAwait(false);
        _backoff.Reset();
        var fresh = new List<OutboxDelivery>(rows.Count);
        lock (_gate)
        {
            foreach (var row in rows)
            {
                var delivery = OutboxRows.Read(row, options.Table, options.Ordered);
                var known = _known.GetOrAdd(row.Id, delivery);
                known.KeptUntil = LeaseFrom(before);
                if (known != delivery)
                    continue;
                // Rows of its tenant went back since the claim began: it may stand behind them, and goes the same way.
                if (delivery.Group is { } group && _returned.Contains(group))
                    Return(delivery, seconds: 0, untried: true);
                else
                    fresh.Add(delivery);
            }

            _hand.Add(fresh);
        }

        return rows.Count > 0;
    }

    private long[] Known()
    {
        lock (_gate)
            return [.. _known.Keys];
    }

    private void Return(OutboxDelivery delivery, int seconds, bool untried)
    {
        delivery.TryEnd();
        Forget(delivery);
        returns(new OutboxReturn(delivery, seconds, untried));
    }

    private long LeaseFrom(long timestamp) => timestamp + (long)(options.Lease.TotalSeconds * time.TimestampFrequency);
}
