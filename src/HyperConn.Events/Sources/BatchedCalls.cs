using System.Threading.Channels;

namespace HyperConn.Events.Sources;

/// <summary>
/// Sends items in batches, in the background and in any order. What could not be sent is tried again, with a growing pause, until it is or
/// this is disposed.
/// </summary>
internal sealed class BatchedCalls<T> : IAsyncDisposable
{
    private readonly Channel<T> _items = Channel.CreateUnbounded<T>();
    private readonly CancellationTokenSource _end = new();
    private readonly Func<IReadOnlyList<T>, CancellationToken, Task<IReadOnlyList<T>>> _send;
    private readonly BatchedCallOptions _options;
    private readonly TimeProvider _time;
    private readonly Task _workers;
    private readonly Lock _gate = new();
    private TaskCompletionSource? _idle;
    private int _pending;

    /// <param name="send">Sends a batch; its result is what is to be tried again. It throws only when cancelled.</param>
    /// <param name="options">How.</param>
    /// <param name="time">Clock.</param>
    public BatchedCalls(
        Func<IReadOnlyList<T>, CancellationToken, Task<IReadOnlyList<T>>> send, BatchedCallOptions options, TimeProvider time)
    {
        (_send, _options, _time) = (send, options, time);
        _workers = Task.WhenAll(Enumerable.Range(0, options.Workers).Select(_ => Task.Run(RunAsync)));
    }

    /// <summary>Items that are not sent yet.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
                return _pending;
        }
    }

    /// <summary>Adds an item. Does not wait.</summary>
    public void Add(T item)
    {
        lock (_gate)
            _pending++;
        _items.Writer.TryWrite(item);
    }

    /// <summary>Waits until nothing is left to send.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        Task idle;
        lock (_gate)
        {
            if (_pending == 0)
                return;
            idle = (_idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        await idle.WaitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Ends; what is not sent by now never is.</summary>
    public async ValueTask DisposeAsync()
    {
        // A container that has its owner under two names disposes it twice.
        if (!_items.Writer.TryComplete())
            return;
        await _end.CancelAsync().ConfigureAwait(false);
        await _workers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        var stop = _end.Token;
        var backoff = new GrowingPause(_options.FirstPause, _options.LongestPause);
        var batch = new List<T>(_options.Size);
        while (batch.Count > 0 || await _items.Reader.WaitToReadAsync(stop).ConfigureAwait(false))
        {
            TopUp(batch);
            if (batch.Count < _options.Size && backoff.Failures == 0)
            {
                await Task.Delay(_options.Linger, _time, stop).ConfigureAwait(false);
                TopUp(batch);
            }

            // Another worker may have taken what was there.
            if (batch.Count == 0)
                continue;
            var again = await _send(batch, stop).ConfigureAwait(false);
            Settle(batch.Count - again.Count);
            batch = [.. again];
            if (batch.Count == 0)
                backoff.Reset();
            else
                await Task.Delay(backoff.Next(), _time, stop).ConfigureAwait(false);
        }
    }

    private void TopUp(List<T> batch)
    {
        while (batch.Count < _options.Size && _items.Reader.TryRead(out var item))
            batch.Add(item);
    }

    private void Settle(int count)
    {
        TaskCompletionSource? idle = null;
        lock (_gate)
        {
            _pending -= count;
            if (_pending == 0)
                (idle, _idle) = (_idle, null);
        }

        idle?.TrySetResult();
    }
}

/// <summary>How <see cref="BatchedCalls{T}"/> sends.</summary>
/// <param name="Size">Most items of a batch.</param>
/// <param name="Linger">How long a batch that isn't full waits for others.</param>
/// <param name="Workers">Batches under way at once.</param>
internal sealed record BatchedCallOptions(int Size, TimeSpan Linger, int Workers)
{
    /// <summary>Pause after the first failure; it doubles with each further one.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);
}
