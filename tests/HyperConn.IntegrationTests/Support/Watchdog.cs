namespace HyperConn.Tests.Support;

/// <summary>Sees a stall: no step of work for some time though work is to be done.</summary>
internal sealed class Watchdog : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly TimeSpan _patience;
    private readonly Func<string> _describe;
    private readonly Task _watch;
    private long _steps;
    private long _longest;
    private volatile string? _stall;

    public Watchdog(TimeSpan patience, Func<string>? describe = null)
    {
        (_patience, _describe) = (patience, describe ?? (() => ""));
        _watch = Task.Factory.StartNew(Watch, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public long Steps => Volatile.Read(ref _steps);

    /// <summary>The longest pause between two steps seen.</summary>
    public TimeSpan LongestPause => TimeSpan.FromTicks(Volatile.Read(ref _longest));

    public void Step() => Interlocked.Increment(ref _steps);

    /// <summary>Ends the watch and fails if there was a stall.</summary>
    public async Task AssertNoStallAsync()
    {
        await DisposeAsync();
        Assert.True(_stall is null, _stall);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _watch;
    }

    // A thread of its own: a starved thread pool is a stall too.
    private void Watch()
    {
        var (seen, since) = (-1L, TimeProvider.System.GetTimestamp());
        while (!_stop.Token.WaitHandle.WaitOne(Look))
        {
            var pause = TimeProvider.System.GetElapsedTime(since);
            if (pause.Ticks > _longest)
                Volatile.Write(ref _longest, pause.Ticks);
            if (Steps != seen)
                (seen, since) = (Steps, TimeProvider.System.GetTimestamp());
            else if (pause > _patience)
                _stall ??= $"Nothing moved for {_patience.TotalSeconds:0.#} s after {seen} steps. {_describe()}";
        }
    }
}
