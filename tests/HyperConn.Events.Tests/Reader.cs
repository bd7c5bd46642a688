using HyperConn.Events;

namespace HyperConn.Tests;

/// <summary>Reads a source as a worker does, a few deliveries at a time.</summary>
internal sealed class Reader : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<TenantDelivery> _deliveries;
    private Task<bool>? _next;

    public Reader(ITenantEventSource source) => _deliveries = source.ReadAsync(_stop.Token).GetAsyncEnumerator();

    /// <summary>Takes deliveries.</summary>
    /// <param name="count">How many.</param>
    /// <param name="mayEnd">Whether fewer will do when no more come for a while.</param>
    public async Task<List<TenantDelivery>> TakeAsync(int count, bool mayEnd = false)
    {
        var taken = new List<TenantDelivery>();
        while (taken.Count < count)
        {
            _next ??= _deliveries.MoveNextAsync().AsTask();
            if (mayEnd && taken.Count > 0 && await Task.WhenAny(_next, Task.Delay(300)) != _next)
                break;
            if (!await _next.WaitAsync(Patience))
                break;
            _next = null;
            taken.Add(_deliveries.Current);
        }

        return taken;
    }

    /// <summary>Begins to read the next one.</summary>
    public void GoOn() => _next ??= _deliveries.MoveNextAsync().AsTask();

    /// <summary>Reads to the end, or to the exception.</summary>
    public async Task EndAsync()
    {
        while (await (_next ?? _deliveries.MoveNextAsync().AsTask()).WaitAsync(Patience))
            _next = null;
        _next = null;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_next is not null)
            await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await _deliveries.DisposeAsync();
        }
        catch (IOException)
        {
            // The test has seen it.
        }

        _stop.Dispose();
    }
}
