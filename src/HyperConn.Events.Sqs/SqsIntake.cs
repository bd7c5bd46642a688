using System.Collections.Concurrent;
using Amazon.Runtime;
using Amazon.SQS.Model;
using HyperConn.Events.Sources;

namespace HyperConn.Events.Sqs;

/// <summary>
/// Receives messages while the worker asks for one, and keeps them hidden from others until it takes them. A message that comes again
/// while it is in hand is not handed out twice.
/// </summary>
internal sealed class SqsIntake(SqsQueue queue, SqsEventOptions options, TimeProvider time)
{
    // What waits for others of busy message groups.
    private const long MostHeldBytes = 16 * 1024 * 1024;
    private const int MostPerCall = 10;

    // Of a visibility time-out: a message with more left can wait for the next round, a third of it later.
    private const double EnoughLeft = 0.7;
    private const int SameAttempts = 3;

    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan EmptyPause = TimeSpan.FromMilliseconds(100);

    private readonly DeliveryHand<SqsDelivery> _hand = new(delivery => delivery.Group, delivery => delivery.Bytes);
    private readonly ConcurrentDictionary<string, SqsDelivery> _known = new(StringComparer.Ordinal);
    private readonly Demand _demand = new();
    private long _waitingAtQueue = -1;

    /// <summary>Messages received and not taken.</summary>
    public int Count => _hand.Count;

    /// <summary>Messages that waited at the queue when it was asked last; null: it never answered.</summary>
    public long? WaitingAtQueue => Interlocked.Read(ref _waitingAtQueue) is >= 0 and var waiting ? waiting : null;

    /// <summary>When the oldest message received and not taken was sent.</summary>
    public DateTimeOffset? OldestAt => _hand.Snapshot().Select(delivery => delivery.Event?.CreatedAt).Min();

    /// <summary>Runs until cancelled.</summary>
    /// <param name="stop">Ends it.</param>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(
        [.. Enumerable.Range(0, options.Receivers).Select(_ => ReceiveAsync(stop)), KeepHiddenAsync(stop), WatchAsync(stop)]);

    /// <summary>Takes the next message; null: none now.</summary>
    /// <param name="loops">What <see cref="RunAsync"/> gave: when it has ended nothing more comes.</param>
    /// <param name="stop">Ends the waiting.</param>
    public async Task<SqsDelivery?> TakeAsync(Task loops, CancellationToken stop)
    {
        if (_hand.TryTake(out var delivery))
            return delivery;
        _demand.Open();
        await ((Task)Task.WhenAny(_hand.Changed, loops)).WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _demand.Close();
        return _hand.TryTake(out delivery) ? delivery : null;
    }

    /// <summary>Takes all that were not taken.</summary>
    public IReadOnlyList<SqsDelivery> TakeAll() => _hand.TakeAll();

    /// <summary>One that was taken is done with: the next of its group may go.</summary>
    public void Done(SqsDelivery delivery) => _hand.Done(delivery);

    /// <summary>One that was taken goes back; so must those of its group behind it, which are taken by this.</summary>
    public IReadOnlyList<SqsDelivery> GiveUp(SqsDelivery delivery) => _hand.GiveUp(delivery);

    /// <summary>A message is not in hand any more: when it comes again, it is handed out again.</summary>
    public void Forget(SqsDelivery delivery) => _known.TryRemove(new KeyValuePair<string, SqsDelivery>(delivery.MessageId, delivery));

    /// <summary>Whether a message is still hidden from others; if not, somebody else may have it by now.</summary>
    public bool IsHidden(SqsDelivery delivery) => time.GetTimestamp() < delivery.KeptUntil;

    /// <summary>Hides messages for another visibility time-out, those that have most of it left excepted.</summary>
    public async Task ExtendAsync(IEnumerable<SqsDelivery> deliveries, CancellationToken ct)
    {
        var soon = time.GetTimestamp() + (long)(options.VisibilityTimeout.TotalSeconds * EnoughLeft * time.TimestampFrequency);
        var seconds = (int)options.VisibilityTimeout.TotalSeconds;
        var batches = deliveries.Where(delivery => !delivery.IsEnded && delivery.KeptUntil < soon)
            .Select(delivery => new Hiding(delivery, seconds)).Chunk(MostPerCall);
        var four = new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = ct };
        await Parallel.ForEachAsync(batches, four, async (batch, token) =>
        {
            IReadOnlyList<Hiding> again = batch;
            var backoff = SqsQueue.NewPause();
            // The next round comes a third of the time later, and tries again what is left.
            while (again.Count > 0 && backoff.Failures < 3)
            {
                again = await queue.HideAsync([.. again.Where(hiding => !hiding.Delivery.IsEnded)], token).ConfigureAwait(false);
                if (again.Count > 0)
                    await Task.Delay(backoff.Next(), time, token).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    private async Task ReceiveAsync(CancellationToken stop)
    {
        var backoff = SqsQueue.NewPause();
        string? attempt = null;
        while (!stop.IsCancellationRequested)
        {
            await _demand.WhenOpen.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_known.Count >= options.MaxInHand || _hand.Bytes >= MostHeldBytes)
            {
                await PauseAsync(FullPause, stop).ConfigureAwait(false);
                continue;
            }

            try
            {
                var began = time.GetTimestamp();
                attempt ??= queue.IsFifo ? Guid.NewGuid().ToString("N") : null;
                var messages = await queue.ReceiveAsync(attempt, stop).ConfigureAwait(false);
                attempt = null;
                backoff.Reset();
                if (messages.Count > 0)
                    Accept(messages);
                else if (time.GetElapsedTime(began) < EmptyPause)
                    await PauseAsync(EmptyPause, stop).ConfigureAwait(false);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                queue.Note("ReceiveMessage", fault);
                // Only an answer that got lost is worth asking for again.
                if (fault is AmazonServiceException || backoff.Failures >= SameAttempts)
                    attempt = null;
                await PauseAsync(backoff.Next(), stop).ConfigureAwait(false);
            }
        }
    }

    private void Accept(IReadOnlyList<Message> messages)
    {
        var hiddenUntil = time.GetTimestamp() + (long)(options.VisibilityTimeout.TotalSeconds * time.TimestampFrequency);
        var fresh = new List<SqsDelivery>(messages.Count);
        foreach (var message in messages)
        {
            var delivery = SqsMessages.Read(message, queue.IsFifo);
            var known = _known.GetOrAdd(delivery.MessageId, delivery);
            known.KeptUntil = hiddenUntil;
            if (known == delivery)
                fresh.Add(delivery);
            else
                known.ReceiptHandle = delivery.ReceiptHandle;
        }

        _hand.Add(fresh);
    }

    private async Task KeepHiddenAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await PauseAsync(options.VisibilityTimeout / 3, stop).ConfigureAwait(false);
            await ExtendAsync(_hand.Snapshot(), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await queue.AskAsync(stop).ConfigureAwait(false) is { } waiting)
                    Interlocked.Exchange(ref _waitingAtQueue, waiting);
            }
            catch (Exception fault) when (!stop.IsCancellationRequested)
            {
                queue.Note("GetQueueAttributes", fault);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }

            await PauseAsync(options.StatisticsInterval, stop).ConfigureAwait(false);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop) =>
        await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Open while somebody waits for a message.</summary>
    private sealed class Demand
    {
        private volatile TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task WhenOpen => _open.Task;

        public void Open() => _open.TrySetResult();

        public void Close() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
