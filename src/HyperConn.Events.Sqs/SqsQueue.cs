using System.Globalization;
using Amazon.SQS;
using Amazon.SQS.Model;
using HyperConn.Events.Sources;
using Microsoft.Extensions.Logging;

namespace HyperConn.Events.Sqs;

/// <summary>A message to be hidden for as many seconds from now; 0: everybody may have it.</summary>
internal readonly record struct Hiding(SqsDelivery Delivery, int Seconds);

/// <summary>The calls to one queue. Each has a time-out, and faults are counted and logged, one line a minute of a kind.</summary>
internal sealed partial class SqsQueue(
    IAmazonSQS client, bool ownsClient, SqsEventOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    private const string Visible = "ApproximateNumberOfMessages";
    private const string Delayed = "ApproximateNumberOfMessagesDelayed";
    private const string Redrive = "RedrivePolicy";

    // SQS answers within that where it has something to give.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);

    private readonly FaultPace _pace = new(time);
    private string? _url = options.Queue.Contains("://", StringComparison.Ordinal) ? options.Queue.TrimEnd('/') : null;
    private long _faults;
    private volatile bool _redrives = true;

    /// <summary>Its name: the last part of its URL.</summary>
    public string Name { get; } = options.Queue.TrimEnd('/')[(options.Queue.TrimEnd('/').LastIndexOf('/') + 1)..];

    /// <summary>Whether it is a FIFO queue: the name says so.</summary>
    public bool IsFifo => Name.EndsWith(".fifo", StringComparison.Ordinal);

    /// <summary>Whether it has a redrive policy; also while that isn't known, for nothing is lost by it.</summary>
    public bool Redrives => _redrives;

    /// <summary>Calls, and entries of batches, that failed.</summary>
    public long Faults => Interlocked.Read(ref _faults);

    /// <summary>Finds the queue, as often as it takes.</summary>
    /// <returns>False: cancelled before.</returns>
    /// <exception cref="HyperConnException">It does not exist, or access is refused.</exception>
    public async Task<bool> OpenAsync(CancellationToken stop)
    {
        var backoff = NewPause();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var limit = Limit(options.Timeout, stop);
                _url ??= (await client.GetQueueUrlAsync(Name, limit.Token).ConfigureAwait(false)).QueueUrl;
                await AskAsync(stop).ConfigureAwait(false);
                return true;
            }
            catch (Exception fault) when (!stop.IsCancellationRequested && SqsFaults.IsForConfiguration(fault))
            {
                throw new HyperConnException(new HyperConnFailure(
                    HyperConnErrorCode.NotConfigured, $"Queue '{Name}' can't be read: {SqsFaults.Describe(fault)}."));
            }
            catch (Exception fault) when (!stop.IsCancellationRequested)
            {
                Note("GetQueueAttributes", fault);
                await Task.Delay(backoff.Next(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Asks how many messages wait, and what the redrive policy is now.</summary>
    /// <returns>Messages that wait, those with a delay included; null: the queue does not say.</returns>
    public async Task<long?> AskAsync(CancellationToken ct)
    {
        using var limit = Limit(options.Timeout, ct);
        var response = await client.GetQueueAttributesAsync(
            new GetQueueAttributesRequest { QueueUrl = _url, AttributeNames = [Visible, Delayed, Redrive] },
            limit.Token).ConfigureAwait(false);
        var attributes = response.Attributes ?? [];
        _redrives = attributes.TryGetValue(Redrive, out var policy) && policy.Contains("deadLetterTargetArn", StringComparison.Ordinal);
        return Number(Visible) is { } visible ? visible + (Number(Delayed) ?? 0) : null;

        long? Number(string name) =>
            attributes.TryGetValue(name, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>Pauses between tries of the same call.</summary>
    public static GrowingPause NewPause() => new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10));

    /// <summary>Receives messages, if need be after waiting for the first.</summary>
    /// <remarks>
    /// What SQS hands out is hidden from all for a visibility time-out, also when nobody is there for the answer. So a call that may have one under way is not cut short;
    /// one that has waited for longer has nothing coming.
    /// </remarks>
    /// <param name="attempt">The same for every try of one receive of a FIFO queue, so that an answer that got lost is given again.</param>
    /// <param name="ct">Ends the call, but not in its first two seconds.</param>
    public async Task<IReadOnlyList<Message>> ReceiveAsync(string? attempt, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var (began, longest) = (time.GetTimestamp(), options.WaitTime + options.Timeout);
        var answer = longest < AnswerTime ? longest : AnswerTime;
        using var limit = Limit(longest, CancellationToken.None);
        using var stop = ct.Register(() =>
        {
            var left = answer - time.GetElapsedTime(began);
            limit.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        });
        var response = await client.ReceiveMessageAsync(
            new ReceiveMessageRequest
            {
                QueueUrl = _url,
                MaxNumberOfMessages = options.BatchSize,
                WaitTimeSeconds = Seconds(options.WaitTime),
                VisibilityTimeout = Seconds(options.VisibilityTimeout),
                MessageSystemAttributeNames = ["All"],
                MessageAttributeNames = ["All"],
                ReceiveRequestAttemptId = attempt,
            },
            limit.Token).ConfigureAwait(false);
        return response.Messages ?? [];
    }

    /// <summary>Deletes at most ten messages; those to be tried again are the result.</summary>
    public Task<IReadOnlyList<SqsDelivery>> DeleteAsync(IReadOnlyList<SqsDelivery> batch, CancellationToken ct) => SendAsync(
        "DeleteMessageBatch",
        batch,
        delivery => delivery.MessageId,
        async token => (await client.DeleteMessageBatchAsync(
            new DeleteMessageBatchRequest
            {
                QueueUrl = _url,
                Entries = [.. batch.Select((delivery, i) => new DeleteMessageBatchRequestEntry(Id(i), delivery.ReceiptHandle))],
            },
            token).ConfigureAwait(false)).Failed,
        ct);

    /// <summary>Changes for how long at most ten messages are hidden; those to be tried again are the result.</summary>
    public Task<IReadOnlyList<Hiding>> HideAsync(IReadOnlyList<Hiding> batch, CancellationToken ct) => SendAsync(
        "ChangeMessageVisibilityBatch",
        batch,
        hiding => hiding.Delivery.MessageId,
        async token =>
        {
            var before = time.GetTimestamp();
            var failed = (await client.ChangeMessageVisibilityBatchAsync(
                new ChangeMessageVisibilityBatchRequest
                {
                    QueueUrl = _url,
                    Entries =
                    [
                        .. batch.Select((hiding, i) =>
                            new ChangeMessageVisibilityBatchRequestEntry(Id(i), hiding.Delivery.ReceiptHandle)
                            {
                                VisibilityTimeout = hiding.Seconds,
                            }),
                    ],
                },
                token).ConfigureAwait(false)).Failed;
            for (var i = 0; i < batch.Count; i++)
                if (failed is null || failed.All(entry => entry.Id != Id(i)))
                    batch[i].Delivery.KeptUntil = before + (batch[i].Seconds * time.TimestampFrequency);
            return failed;
        },
        ct);

    /// <summary>Notes a call that failed and will be made again.</summary>
    public void Note(string operation, Exception fault)
    {
        Interlocked.Increment(ref _faults);
        var what = SqsFaults.Describe(fault);
        if (_pace.MayWrite(operation + what))
            LogFault(operation, what);
    }

    public void Dispose()
    {
        if (ownsClient)
            client.Dispose();
    }

    private async Task<IReadOnlyList<T>> SendAsync<T>(
        string operation,
        IReadOnlyList<T> batch,
        Func<T, string> messageId,
        Func<CancellationToken, Task<List<BatchResultErrorEntry>?>> call,
        CancellationToken ct)
    {
        List<BatchResultErrorEntry>? failed;
        try
        {
            using var limit = Limit(options.Timeout, ct);
            failed = await call(limit.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            Note(operation, fault);
            return batch;
        }

        if (failed is null)
            return [];
        var again = new List<T>();
        foreach (var entry in failed)
        {
            var item = batch[int.Parse(entry.Id, CultureInfo.InvariantCulture)];
            Interlocked.Increment(ref _faults);
            if (!SqsFaults.IsLasting(entry))
                again.Add(item);

            if (_pace.MayWrite(operation + entry.Code))
            {
                LogEntryFault(
                    operation, messageId(item), SqsFaults.Known(entry.Code), SqsFaults.IsLasting(entry) ? "It comes again." : "It is tried again.");
            }
        }

        return again;
    }

    private static CancellationTokenSource Limit(TimeSpan timeout, CancellationToken ct)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(ct);
        source.CancelAfter(timeout);
        return source;
    }

    private static string Id(int i) => i.ToString(CultureInfo.InvariantCulture);

    private static int Seconds(TimeSpan time) => (int)time.TotalSeconds;

    [LoggerMessage(EventId = 4301, EventName = "SqsCallFailed", Level = LogLevel.Warning,
        Message = "{Operation} failed and is tried again: {Fault}")]
    private partial void LogFault(string operation, string fault);

    [LoggerMessage(EventId = 4302, EventName = "SqsEntryFailed", Level = LogLevel.Warning,
        Message = "{Operation} failed for message {MessageId}: {Code}. {Consequence}")]
    private partial void LogEntryFault(string operation, string messageId, string code, string consequence);
}
