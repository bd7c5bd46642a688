using HyperConn.Primitives;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>
/// Which secrets are asked for in which call, and when a call may go: the queue, the store's pace, its gate, and the calls under way.
/// It sends nothing itself.
/// </summary>
internal sealed class StoreCalls(ISecretStore store, SecretOptions options, MonotonicClock clock, Jitter jitter, ILogger logger)
{
    private const int MaxParallelCalls = 8;

    private readonly SecretQueue _queue = new();
    private readonly StorePace _pace = new(clock);
    private readonly StoreGate _gate = new(clock, jitter, options.FailureTimeToLive);
    private int _underWay;
    private TimeSpan? _windowEndsAt;
    private TimeSpan? _pacedUntil;

    /// <summary>Calls begun so far.</summary>
    public long Begun { get; private set; }

    /// <summary>Of these, calls for several secrets.</summary>
    public long Batches { get; private set; }

    /// <summary>Calls in which the store asked for fewer.</summary>
    public long Throttled { get; private set; }

    public StoreGate Gate => _gate;

    /// <summary>When <see cref="Begin"/> is worth asking again if nothing else happens; null: then it never is.</summary>
    public TimeSpan? WakeAt => _windowEndsAt is { } window && (_pacedUntil is not { } paced || window < paced) ? window : _pacedUntil;

    private int BatchSize => options.BatchWindow <= TimeSpan.Zero ? 1 : Math.Max(1, store.MaxBatchSize);

    /// <summary>Puts a secret in the queue. The first one opens a window, at whose end all go, however few.</summary>
    public void Add(SecretEntry entry, bool urgent)
    {
        _queue.Add(entry, urgent);
        if (options.BatchWindow <= TimeSpan.Zero)
            _queue.MakeDue();
        else
            _windowEndsAt ??= clock.Now + options.BatchWindow;
    }

    /// <summary>Moves a queued secret up to those that somebody waits for.</summary>
    public void Promote(SecretEntry entry) => _queue.Promote(entry);

    /// <summary>What is in the queue need not wait for the end of its window.</summary>
    public void MakeDue() => _queue.MakeDue();

    /// <summary>Begins the next call that may go out now.</summary>
    /// <returns>The call, which must be ended; null: none may go.</returns>
    public StoreCall? Begin()
    {
        if (_windowEndsAt <= clock.Now)
        {
            _queue.MakeDue();
            _windowEndsAt = null;
        }

        _pacedUntil = null;
        if (_underWay >= MaxParallelCalls || _queue.Count == 0 || !_queue.HasBatch(BatchSize) || !_gate.MaySend)
            return null;
        var pause = _pace.Wait();
        if (pause > TimeSpan.Zero)
        {
            _pacedUntil = clock.Now + pause;
            return null;
        }

        var call = new StoreCall(_queue.Take(BatchSize), _gate.Sent(), clock.Now);
        _pace.Sent();
        _underWay++;
        Begun++;
        if (call.Entries.Count > 1)
            Batches++;
        foreach (var round in call.Entries.SelectMany(entry => entry.Rounds).Distinct())
            round.StoreCalls++;
        foreach (var entry in call.Entries)
            entry.BeginFetch();
        return call;
    }

    /// <summary>Ends a call: what its results say about the store itself.</summary>
    /// <returns>Whether the store, taken to be down until now, is back.</returns>
    public bool End(StoreCall call, IEnumerable<SecretResult> results)
    {
        _underWay--;
        var all = results.ToList();
        var failures = all.OfType<SecretResult.Failed>().ToList();
        if (failures.Count == all.Count && failures.TrueForAll(failure => failure.Code == HyperConnErrorCode.StoreUnavailable))
        {
            if (_gate.Failed(call.IsProbe, call.Entries.Select(entry => entry.Name), failures[0].Message))
                SecretLog.StoreDown(logger, _gate.Outage!.RetryAt!.Value, failures[0].Message);
            return false;
        }

        var isBack = _gate.Answered(call.IsProbe);
        if (isBack)
            SecretLog.StoreUp(logger);
        if (!failures.Exists(failure => failure.Code == HyperConnErrorCode.StoreThrottled))
        {
            _pace.Succeeded();
            return isBack;
        }

        Throttled++;
        if (_pace.Throttled(call.SentAt))
            SecretLog.Throttled(logger, _pace.CallsPerSecond);
        return isBack;
    }

    /// <summary>Empties the queue if the store is down and not due for a try, so that those in it can be refused at once.</summary>
    public IReadOnlyList<SecretEntry> TakeUnsendable() => _gate.IsOpen || _gate.MaySend ? [] : _queue.Take(int.MaxValue);
}
