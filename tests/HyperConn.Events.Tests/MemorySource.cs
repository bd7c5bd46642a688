using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using HyperConn.Events;

namespace HyperConn.Tests;

/// <summary>A source in memory that remembers what it was told.</summary>
internal sealed class MemorySource : ITenantEventSource
{
    private readonly Channel<TenantDelivery> _deliveries = Channel.CreateUnbounded<TenantDelivery>();

    public string Name => "memory";

    public string IdScope { get; init; } = "memory";

    public bool IsOrdered { get; init; } = true;

    public bool Redelivers { get; init; } = true;

    public TimeSpan? ExtendEvery { get; init; }

    /// <summary>What <see cref="CompleteAsync"/> throws.</summary>
    public Exception? CompletionFault { get; set; }

    public ConcurrentQueue<(string Place, EventOutcome Outcome)> Completed { get; } = new();

    public ConcurrentQueue<string> Abandoned { get; } = new();

    public ConcurrentQueue<string> Extended { get; } = new();

    public int Flushed { get; private set; }

    public int Handed { get; private set; }

    public MemorySource Add(params TenantEvent[] events)
    {
        foreach (var e in events)
            _deliveries.Writer.TryWrite(new TenantDelivery { Place = e.Id, Event = e });
        return this;
    }

    public MemorySource Add(TenantDelivery delivery)
    {
        _deliveries.Writer.TryWrite(delivery);
        return this;
    }

    /// <summary>There are no more.</summary>
    public MemorySource End()
    {
        _deliveries.Writer.Complete();
        return this;
    }

    public async IAsyncEnumerable<TenantDelivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            TenantDelivery? next = null;
            try
            {
                if (await _deliveries.Reader.WaitToReadAsync(stop) && _deliveries.Reader.TryRead(out next))
                    Handed++;
            }
            catch (OperationCanceledException)
            {
                yield break;
            }

            if (next is null)
                yield break;
            yield return next;
        }
    }

    public ValueTask CompleteAsync(TenantDelivery delivery, EventOutcome outcome, CancellationToken cancellationToken)
    {
        if (CompletionFault is not null)
            throw CompletionFault;
        Completed.Enqueue((delivery.Place, outcome));
        return ValueTask.CompletedTask;
    }

    public ValueTask AbandonAsync(TenantDelivery delivery, CancellationToken cancellationToken)
    {
        Abandoned.Enqueue(delivery.Place);
        return ValueTask.CompletedTask;
    }

    public ValueTask ExtendAsync(IReadOnlyCollection<TenantDelivery> deliveries, CancellationToken cancellationToken)
    {
        foreach (var delivery in deliveries)
            Extended.Enqueue(delivery.Place);
        return ValueTask.CompletedTask;
    }

    public EventSourceStatistics GetStatistics() => new();

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Flushed++;
        return ValueTask.CompletedTask;
    }
}
