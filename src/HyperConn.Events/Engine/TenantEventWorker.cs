using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HyperConn.Events;

/// <summary>
/// Reads a source and has its events handled, as many at once as there are workers. What may pass is retried while other tenants go on;
/// what
/// lasts is rejected. Stopping it ends the reading, hands back what has not begun, and gives what has begun
/// <see cref="TenantEventOptions.StopTimeout"/> to end.
/// </summary>
public sealed class TenantEventWorker : BackgroundService
{
    // What was cancelled has this long to notice.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly ITenantEventSource _source;
    private readonly TenantEventOptions _options;
    private readonly Func<EventWork, CancellationToken, Task<EventResult>> _attempt;
    private readonly InboxCleaner? _cleaner;
    private readonly TimeProvider _time;
    private readonly Func<CancellationToken, Task> _started;
    private readonly EventCounters _counters = new();
    private readonly TenantTurns _turns;
    private readonly HeldDeliveries _held;
    private readonly EventLog _log;
    private readonly AsyncSignal _pump = new();
    private readonly AsyncSignal _room = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly CancellationTokenSource _halt = new();
    private Exception? _fault;
    private bool _stopping;
    private long _lastAgeTicks = -1;

    internal TenantEventWorker(
        ITenantEventSource source,
        TenantEventOptions options,
        Func<EventWork, CancellationToken, Task<EventResult>> attempt,
        InboxCleaner? cleaner,
        TimeProvider time,
        ILogger logger,
        Func<CancellationToken, Task> started)
    {
        (_source, _options, _attempt, _cleaner, _time, _started) = (source, options, attempt, cleaner, time, started);
        _turns = new TenantTurns(options, options.OrderedPerTenant ?? source.IsOrdered, time, Random.Shared);
        _held = new HeldDeliveries(source, time, logger);
        _log = new EventLog(logger, time);
    }

    /// <summary>Ends when the source has no more events and the last one has ended, or when the worker was stopped. Fails when the
    /// source does.</summary>
    public Task Completion => ExecuteTask ?? Task.CompletedTask;

    /// <summary>What it has done and is about, at once.</summary>
    /// <returns>The statistics.</returns>
    public TenantEventStatistics GetStatistics() => _counters.Snapshot(
        _source.Name,
        _turns.UnderWay,
        _turns.Waiting,
        Interlocked.Read(ref _lastAgeTicks) is >= 0 and var ticks ? TimeSpan.FromTicks(ticks) : null,
        _source.GetStatistics());

    /// <inheritdoc/>
    public override void Dispose()
    {
        // Without a stop before, attempts may be under way: they are handed back. The two have no timer, and nothing to dispose of.
        base.Dispose();
        _abort.Cancel();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _started(stoppingToken).ConfigureAwait(false);
        using var background = new CancellationTokenSource();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _halt.Token);
        Task[] helpers = [_held.ExtendAsync(background.Token), _cleaner?.RunAsync(background.Token) ?? Task.CompletedTask];
        try
        {
            var reading = ReadAsync(ending.Token);
            await PumpAsync(reading, ending.Token).ConfigureAwait(false);
            if (ending.IsCancellationRequested)
                await EndAsync(reading).ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _fault ??= reading.Exception?.InnerException;
            using var limit = new CancellationTokenSource(_options.StopTimeout + Grace, _time);
            await _source.FlushAsync(limit.Token).ConfigureAwait(false);
        }
        finally
        {
            await background.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(helpers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_fault is not null)
            ExceptionDispatchInfo.Throw(_fault);
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        // What must not be begun any more is still taken from the source, so that none is forgotten.
        await foreach (var delivery in _source.ReadAsync(stop).ConfigureAwait(false))
        {
            _counters.Read();
            if (stop.IsCancellationRequested)
                await HandBackAsync(delivery).ConfigureAwait(false);
            else if (delivery.Event is { } work)
                Accept(new EventWork(delivery, work));
            else
                await RefuseAsync(delivery).ConfigureAwait(false);
            while (!_turns.WantsMore && !stop.IsCancellationRequested)
                await _room.WaitAsync(null, _time, stop).ConfigureAwait(false);
        }
    }

    private void Accept(EventWork work)
    {
        _held.Add(work.Delivery);
        _turns.Add(work);
        _pump.Set();
    }

    private async Task PumpAsync(Task reading, CancellationToken stop)
    {
        _ = reading.ContinueWith(_ => _pump.Set(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        while (!stop.IsCancellationRequested && !(reading.IsCompleted && _turns.IsIdle))
        {
            BeginWhatMay();
            await _pump.WaitAsync(_turns.NextDue, _time, stop).ConfigureAwait(false);
            if (reading.IsFaulted)
                Halt(reading.Exception!.InnerException!);
        }
    }

    /// <summary>Hands back what waits, and gives the rest time to end.</summary>
    private async Task EndAsync(Task reading)
    {
        Volatile.Write(ref _stopping, true);
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var work in _turns.TakeWaiting())
            await HandBackAsync(work.Delivery).ConfigureAwait(false);
        await IdleAsync(_options.StopTimeout).ConfigureAwait(false);
        if (_turns.IsIdle)
            return;
        await _abort.CancelAsync().ConfigureAwait(false);
        await IdleAsync(Grace).ConfigureAwait(false);
        if (!_turns.IsIdle)
            _log.NotEnded(_turns.UnderWay);
    }

    private async Task IdleAsync(TimeSpan longest)
    {
        var started = _time.GetTimestamp();
        while (!_turns.IsIdle && longest - _time.GetElapsedTime(started) is { Ticks: > 0 } left)
            await _pump.WaitAsync(left, _time, CancellationToken.None).ConfigureAwait(false);
    }

    private void BeginWhatMay()
    {
        while (!Volatile.Read(ref _stopping) && !_halt.IsCancellationRequested && _turns.TryTake(out var work))
            _ = Task.Run(() => HandleAsync(work));
        if (_turns.WantsMore)
            _room.Set();
    }

    private async Task HandleAsync(EventWork work)
    {
        try
        {
            if (work.Event.CreatedAt is { } made)
                Interlocked.Exchange(ref _lastAgeTicks, Math.Max(0, (_time.GetUtcNow() - made).Ticks));
            EventFault? fault = null;
            try
            {
                using var limit = new CancellationTokenSource(_options.AttemptTimeout, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _abort.Token);
                var result = await _attempt(work, either.Token).ConfigureAwait(false);
                await CompleteAsync(work.Delivery, new EventOutcome(result, Attempts: work.AllAttempts)).ConfigureAwait(false);
            }
            catch (SourceFaultException)
            {
                throw;
            }
            catch (Exception e)
            {
                fault = EventFault.Of(e);
                if (!await RetryAsync(work, fault, mustHandBack: EventFault.IsShutdown(e) || _abort.IsCancellationRequested).ConfigureAwait(false))
                    return;
            }

            _turns.End(work, fault);
        }
        catch (SourceFaultException e)
        {
            // What can't be let go of can't be gone on with: the next ones would be lost.
            Halt(e.InnerException!);
            _turns.End(work, null);
        }
        finally
        {
            BeginWhatMay();
            _pump.Set();
        }
    }

    /// <returns>Whether the event has ended; false: it waits for another attempt.</returns>
    private async Task<bool> RetryAsync(EventWork work, EventFault fault, bool mustHandBack)
    {
        if (mustHandBack || (fault.IsTransient && Volatile.Read(ref _stopping)))
        {
            await HandBackAsync(work.Delivery).ConfigureAwait(false);
            return true;
        }

        if (fault.IsTransient && _turns.TryRetry(work, fault))
        {
            _counters.Retried(fault);
            _log.Retried(work.Delivery, fault);
            // The stop may have taken what waits just before.
            if (Volatile.Read(ref _stopping))
            {
                foreach (var waiting in _turns.TakeWaiting())
                    await HandBackAsync(waiting.Delivery).ConfigureAwait(false);
            }

            return false;
        }

        var outcome = new EventOutcome(EventResult.Rejected, fault.Code, fault.Message, work.AllAttempts);
        await CompleteAsync(work.Delivery, outcome).ConfigureAwait(false);
        return true;
    }

    private async Task RefuseAsync(TenantDelivery delivery)
    {
        try
        {
            await CompleteAsync(delivery, new EventOutcome(EventResult.Rejected, delivery.FaultCode, delivery.Fault, 0)).ConfigureAwait(false);
        }
        catch (SourceFaultException e)
        {
            Halt(e.InnerException!);
        }
    }

    private async Task CompleteAsync(TenantDelivery delivery, EventOutcome outcome)
    {
        try
        {
            await _source.CompleteAsync(delivery, outcome, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw new SourceFaultException(e);
        }

        _held.Remove(delivery);
        _counters.End(outcome);
        if (outcome.Result == EventResult.Rejected)
            _log.Rejected(delivery, outcome);
    }

    private async Task HandBackAsync(TenantDelivery delivery)
    {
        _held.Remove(delivery);
        try
        {
            await _source.AbandonAsync(delivery, CancellationToken.None).ConfigureAwait(false);
            if (_source.Redelivers)
            {
                _counters.HandedBack();
                return;
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _fault, e, null);
        }

        _counters.Lost();
    }

    private void Halt(Exception fault)
    {
        Interlocked.CompareExchange(ref _fault, fault, null);
        _halt.Cancel();
    }

    /// <summary>The source could not let go of a delivery.</summary>
    private sealed class SourceFaultException(Exception fault) : Exception(fault.Message, fault);
}
