using System.Runtime.CompilerServices;
using Amazon.SQS;
using HyperConn.Events.Sources;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Events.Sqs;

/// <summary>
/// Events from a queue of Amazon SQS, standard or FIFO. Messages are received by long polls while the worker asks for more, stay hidden
/// while their events wait or are worked on, and are deleted in batches after their effect is committed.
/// </summary>
/// <remarks>
/// <para>A rejected event's message is not deleted where the queue has a redrive policy: it comes again until <c>maxReceiveCount</c> is
/// reached, and SQS moves it to the dead-letter queue. Where there is none, it is deleted; the worker has logged why.</para>
/// <para>Of one message group of a FIFO queue, one message is handed out at a time. When it is handed back, the messages of its group
/// behind
/// it go back, too, so that none overtakes it; when it is rejected, they go on, as with every source.</para>
/// <para>Each receive counts towards <c>maxReceiveCount</c>, those that a stop or a crash cut short included: let it be 5 or more.</para>
/// </remarks>
public sealed partial class SqsEventSource : ITenantEventSource, IAsyncDisposable
{
    private static readonly BatchedCallOptions Batches = new(Size: 10, Linger: TimeSpan.FromMilliseconds(20), Workers: 2);

    private readonly SqsQueue _queue;
    private readonly SqsIntake _intake;
    private readonly SqsEventOptions _options;
    private readonly BatchedCalls<SqsDelivery> _deletes;
    private readonly BatchedCalls<Hiding> _returns;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Makes the source from settings, with a client of its own. Nothing is called before <see cref="ReadAsync"/>.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="logger">Log; null: none.</param>
    /// <param name="time">Clock; null: the system's.</param>
    /// <exception cref="HyperConnException">The settings contradict each other, or no region can be found.</exception>
    public SqsEventSource(SqsEventOptions options, ILogger<SqsEventSource>? logger = null, TimeProvider? time = null)
        : this(SqsClientFactory.Create(Checked(options)), ownsClient: true, options, logger, time)
    {
    }

    /// <summary>Makes the source with a client that the caller keeps and disposes.</summary>
    /// <param name="client">Client. Its own retries are added to the source's.</param>
    /// <param name="options">Settings; those of the client are ignored.</param>
    /// <param name="logger">Log; null: none.</param>
    /// <param name="time">Clock; null: the system's.</param>
    /// <exception cref="HyperConnException">The settings contradict each other.</exception>
    public SqsEventSource(IAmazonSQS client, SqsEventOptions options, ILogger<SqsEventSource>? logger = null, TimeProvider? time = null)
        : this(client, ownsClient: false, options, logger, time)
    {
    }

    private SqsEventSource(IAmazonSQS client, bool ownsClient, SqsEventOptions options, ILogger? logger, TimeProvider? time)
    {
        ArgumentNullException.ThrowIfNull(client);
        _options = Checked(options);
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
        _queue = new SqsQueue(client, ownsClient, options, _time, _logger);
        _intake = new SqsIntake(_queue, options, _time);
        _deletes = new BatchedCalls<SqsDelivery>(DeleteAsync, Batches, _time);
        _returns = new BatchedCalls<Hiding>(_queue.HideAsync, Batches, _time);
    }

    /// <inheritdoc/>
    public string Name => "sqs";

    /// <summary>The queue's name: messages of two queues are two events, whatever their ids.</summary>
    public string IdScope => _queue.Name;

    /// <summary>True for a FIFO queue.</summary>
    public bool IsOrdered => _queue.IsFifo;

    /// <inheritdoc/>
    public bool Redelivers => true;

    /// <summary>A third of the visibility time-out: one call may fail before others see a message.</summary>
    public TimeSpan? ExtendEvery => _options.VisibilityTimeout / 3;

    /// <summary>Receives messages until cancelled. What was received by then and not handed out goes back to the queue at once.</summary>
    /// <param name="stop">Ends the reading.</param>
    /// <returns>The deliveries.</returns>
    /// <exception cref="HyperConnException">At the start: the queue does not exist, or access is refused.</exception>
    public async IAsyncEnumerable<TenantDelivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        if (!await _queue.OpenAsync(stop).ConfigureAwait(false))
            yield break;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var loops = _intake.RunAsync(end.Token);
        try
        {
            while (!loops.IsCompleted && !stop.IsCancellationRequested)
            {
                if (await _intake.TakeAsync(loops, stop).ConfigureAwait(false) is not { } delivery)
                    continue;
                if (_intake.IsHidden(delivery))
                    yield return delivery;
                else
                    GiveBack(delivery);
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var delivery in _intake.TakeAll())
                Return(delivery, seconds: 0);
        }

        // A loop ends only when it is told to; anything else is a fault of ours, and must be seen.
        if (loops.IsFaulted)
            await loops.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask CompleteAsync(TenantDelivery delivery, EventOutcome outcome, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        var message = Mine(delivery);
        var rejected = outcome.Result == EventResult.Rejected;
        if (rejected && _queue.Redrives)
        {
            LogLeft(message.MessageId, outcome.Code, message.Takes);
            if (message.TryEnd())
            {
                Return(message, ReturnPause.Seconds(message.Takes));
                _intake.Done(message);
            }

            return ValueTask.CompletedTask;
        }

        if (rejected)
            LogDeleted(message.MessageId, outcome.Code);
        if (message.TryEnd())
        {
            _deletes.Add(message);
            _intake.Done(message);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask AbandonAsync(TenantDelivery delivery, CancellationToken cancellationToken)
    {
        GiveBack(Mine(delivery));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask ExtendAsync(IReadOnlyCollection<TenantDelivery> deliveries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deliveries);
        await _intake.ExtendAsync(deliveries.OfType<SqsDelivery>(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is known without a call: SQS tells the age of its oldest message to CloudWatch alone, so the age is that of the oldest
    /// message received and not handed out.</summary>
    /// <returns>The statistics.</returns>
    public EventSourceStatistics GetStatistics() => new()
    {
        Waiting = _intake.WaitingAtQueue is { } waiting ? waiting + _intake.Count : null,
        OldestAt = _intake.OldestAt,
        Faults = _queue.Faults,
    };

    /// <inheritdoc/>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _deletes.FlushAsync(cancellationToken).ConfigureAwait(false);
        await _returns.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends what runs in the background. What is not flushed comes again.</summary>
    /// <returns>A task that ends when it is done.</returns>
    public async ValueTask DisposeAsync()
    {
        await _deletes.DisposeAsync().ConfigureAwait(false);
        await _returns.DisposeAsync().ConfigureAwait(false);
        _queue.Dispose();
    }

    private static SqsEventOptions Checked(SqsEventOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Faults().ToList() is { Count: > 0 } faults
            ? throw new HyperConnException(new HyperConnFailure(HyperConnErrorCode.NotConfigured, string.Join(' ', faults)))
            : options;
    }

    private static SqsDelivery Mine(TenantDelivery delivery) =>
        delivery as SqsDelivery ?? throw new ArgumentException("The delivery is not of this source.", nameof(delivery));

    private async Task<IReadOnlyList<SqsDelivery>> DeleteAsync(IReadOnlyList<SqsDelivery> batch, CancellationToken ct)
    {
        var again = await _queue.DeleteAsync(batch, ct).ConfigureAwait(false);
        foreach (var delivery in batch.Except(again))
            _intake.Forget(delivery);
        return again;
    }

    private void GiveBack(SqsDelivery delivery)
    {
        if (!delivery.TryEnd())
            return;
        // Those behind it first: while one of a group is hidden, SQS hands out none of the group.
        foreach (var behind in _intake.GiveUp(delivery))
            Return(behind, seconds: 0);
        Return(delivery, ReturnPause.Seconds(delivery.Takes));
    }

    private void Return(SqsDelivery delivery, int seconds)
    {
        delivery.TryEnd();
        _intake.Forget(delivery);
        _returns.Add(new Hiding(delivery, seconds));
    }

    [LoggerMessage(EventId = 4303, EventName = "SqsMessageLeft", Level = LogLevel.Information,
        Message = "Message {MessageId} is left to the queue's redrive policy ({Code}, received {Receives} times)")]
    private partial void LogLeft(string messageId, string? code, int receives);

    [LoggerMessage(EventId = 4304, EventName = "SqsMessageDeleted", Level = LogLevel.Warning,
        Message = "Message {MessageId} is deleted though it was rejected ({Code}): the queue has no redrive policy")]
    private partial void LogDeleted(string messageId, string? code);
}
