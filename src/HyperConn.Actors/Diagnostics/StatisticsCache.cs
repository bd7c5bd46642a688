namespace HyperConn.Diagnostics;

/// <summary>
/// Takes a new snapshot every second while somebody has read one within the last two minutes; otherwise it is idle. Snapshots are taken
/// one at a time.
/// </summary>
internal sealed class StatisticsCache : IStatisticsSource, IDisposable
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TakeTimeout = TimeSpan.FromSeconds(10);

    private readonly Func<CancellationToken, Task<HyperConnStatistics>> _take;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private Task<HyperConnStatistics>? _pending;
    private HyperConnStatistics? _latest;
    private long _takenAt;
    private long _readAt;
    private bool _ticking;

    public StatisticsCache(Func<CancellationToken, Task<HyperConnStatistics>> take, TimeProvider? clock = null)
    {
        _take = take;
        _clock = clock ?? TimeProvider.System;
        _timer = _clock.CreateTimer(static state => ((StatisticsCache)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How long after the last read snapshots are still taken.</summary>
    public TimeSpan KeepFreshFor { get; init; } = TimeSpan.FromMinutes(2);

    public HyperConnStatistics? Latest
    {
        get
        {
            MarkRead();
            return Volatile.Read(ref _latest);
        }
    }

    public ValueTask<HyperConnStatistics> GetAsync(CancellationToken cancellationToken = default)
    {
        MarkRead();
        var latest = Volatile.Read(ref _latest);
        if (latest is not null && _clock.GetElapsedTime(Volatile.Read(ref _takenAt)) <= Period)
            return ValueTask.FromResult(latest);
        return new ValueTask<HyperConnStatistics>(Take().WaitAsync(cancellationToken));
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested)
                return;
            _stop.Cancel();
        }

        _timer.Dispose();
    }

    private void MarkRead()
    {
        Volatile.Write(ref _readAt, _clock.GetTimestamp());
        if (Volatile.Read(ref _ticking))
            return;
        lock (_lock)
        {
            if (_ticking || _stop.IsCancellationRequested)
                return;
            _ticking = true;
            _timer.Change(TimeSpan.Zero, Period);
        }
    }

    private void Tick()
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested)
                return;
            if (_clock.GetElapsedTime(Volatile.Read(ref _readAt)) > KeepFreshFor)
            {
                _ticking = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return;
            }

            // A reader may just have taken one. Rates between two snapshots that are milliseconds apart would be noise.
            if (_latest is not null && _clock.GetElapsedTime(Volatile.Read(ref _takenAt)) < Period / 2)
                return;
        }

        // Readers that wait get the exception; the next tick tries again.
        _ = Take().ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    private Task<HyperConnStatistics> Take()
    {
        lock (_lock)
        {
            if (_pending is { IsCompleted: false } pending)
                return pending;
            return _pending = TakeAsync();
        }
    }

    private async Task<HyperConnStatistics> TakeAsync()
    {
        // Not on the reader's thread: a snapshot of many tenants takes milliseconds.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var timeout = new CancellationTokenSource(TakeTimeout, _clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, timeout.Token);
        var taken = await _take(linked.Token).ConfigureAwait(false);
        Volatile.Write(ref _latest, taken);
        Volatile.Write(ref _takenAt, _clock.GetTimestamp());
        return taken;
    }
}
