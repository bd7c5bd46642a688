using System.Threading.Channels;

namespace HyperConn.Events;

/// <summary>Wakes one waiter; a call while nobody waits is remembered, once.</summary>
internal sealed class AsyncSignal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _channel.Writer.TryWrite(true);

    /// <summary>Waits for a call, no longer than told; a cancellation ends the wait without an exception.</summary>
    public async Task WaitAsync(TimeSpan? longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = longest is { } span ? new CancellationTokenSource(span, time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await ((Task)_channel.Reader.ReadAsync(either.Token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
