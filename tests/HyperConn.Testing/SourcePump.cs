using System.Collections.Concurrent;
using System.Diagnostics;
using HyperConn.Events;

namespace HyperConn.Testing;

/// <summary>Stands where a worker does: reads a source as fast as it is let, and asks it to keep what is in hand.</summary>
internal sealed class SourcePump : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    private readonly ITenantEventSource _source;
    private readonly Func<SourcePump, TenantDelivery, Task> _handle;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _room;
    private readonly Task _reading;
    private readonly Task _extending;

    /// <param name="source">Source.</param>
    /// <param name="handle">What is done with a delivery; it must end it by <see cref="EndAsync"/> or <see cref="AbandonAsync"/>, sooner or
    /// later.</param>
    /// <param name="room">Deliveries in hand at once.</param>
    public SourcePump(ITenantEventSource source, Func<SourcePump, TenantDelivery, Task> handle, int room = 100)
    {
        (_source, _handle, _room) = (source, handle, new SemaphoreSlim(room));
        _reading = Task.Run(ReadAsync);
        _extending = Task.Run(ExtendAsync);
    }

    public ConcurrentDictionary<TenantDelivery, bool> InHand { get; } = new();

    /// <summary>What was handed out, in order.</summary>
    public ConcurrentQueue<TenantDelivery> Taken { get; } = new();

    /// <summary>Ids of the events that were handed out, in order.</summary>
    public IReadOnlyList<string> Ids => [.. Taken.Select(delivery => delivery.Event?.Id ?? "?")];

    public async Task EndAsync(TenantDelivery delivery, EventResult result = EventResult.Handled, string? code = null, string? message = null)
    {
        await _source.CompleteAsync(delivery, new EventOutcome(result, code, message), CancellationToken.None);
        Left(delivery);
    }

    public async Task AbandonAsync(TenantDelivery delivery)
    {
        await _source.AbandonAsync(delivery, CancellationToken.None);
        Left(delivery);
    }

    /// <summary>Stops reading; what is in hand stays there.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _reading.WaitAsync(Patience);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            if (waited.Elapsed > Patience)
                throw new TimeoutException($"Not within {Patience}: {what}");
            await Task.Delay(20);
        }
    }

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _extending.WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var patience = new CancellationTokenSource(Patience);
        await _source.FlushAsync(patience.Token);
        await ((IAsyncDisposable)_source).DisposeAsync();
        _stop.Dispose();
        _room.Dispose();
    }

    private async Task ReadAsync()
    {
        await foreach (var delivery in _source.ReadAsync(_stop.Token))
        {
            InHand[delivery] = true;
            Taken.Enqueue(delivery);
            _ = _handle(this, delivery);
            await _room.WaitAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ExtendAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(_source.ExtendEvery!.Value, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _source.ExtendAsync([.. InHand.Keys], CancellationToken.None);
        }
    }

    private void Left(TenantDelivery delivery)
    {
        InHand.TryRemove(delivery, out _);
        _room.Release();
    }
}
