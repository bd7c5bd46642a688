using System.Diagnostics.CodeAnalysis;

namespace HyperConn.Servers;

/// <summary>
/// Room for connections that are being opened to one server at once. One bound for all: opens that grants pay for, and opens of leases whose
/// pool has a permit but no idle connection. Thread-safe.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A semaphore without a wait handle has nothing to dispose of.")]
internal sealed class OpenSlots(int max)
{
    private readonly SemaphoreSlim _free = new(max);

    /// <summary>Slots in use.</summary>
    public int Taken => max - _free.CurrentCount;

    /// <summary>Takes a slot if one is free.</summary>
    public bool TryTake() => _free.Wait(TimeSpan.Zero);

    /// <summary>Waits for a slot.</summary>
    public Task TakeAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    /// <summary>Waits for a slot on the caller's thread.</summary>
    public void Take(CancellationToken cancellationToken) => _free.Wait(cancellationToken);

    public void Release(int slots = 1)
    {
        if (slots > 0)
            _free.Release(slots);
    }
}
