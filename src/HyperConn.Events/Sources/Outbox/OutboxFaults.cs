using Microsoft.Extensions.Logging;

namespace HyperConn.Events.Sources;

/// <summary>Counts and logs faults of calls to the database, and gives each call a time-out.</summary>
internal sealed partial class OutboxFaults(OutboxOptions options, TimeProvider time, ILogger logger)
{
    private readonly FaultPace _pace = new(time);
    private long _count;

    /// <summary>Calls that failed.</summary>
    public long Count => Interlocked.Read(ref _count);

    public void Note(string what, Exception fault)
    {
        Interlocked.Increment(ref _count);
        var why = fault is OperationCanceledException ? $"no answer in {options.Timeout.TotalSeconds:0.#} s" : fault.Message;
        if (_pace.MayWrite(what + fault.GetType().Name))
            LogFault(options.Table, what, why);
    }

    public async Task<T> LimitAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(options.Timeout);
        return await call(limit.Token).ConfigureAwait(false);
    }

    public async Task LimitAsync(Func<CancellationToken, Task> call, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(options.Timeout);
        await call(limit.Token).ConfigureAwait(false);
    }

    [LoggerMessage(EventId = 4020, EventName = "OutboxCallFailed", Level = LogLevel.Warning,
        Message = "{What} of outbox {Table} failed and is tried again: {Fault}")]
    private partial void LogFault(string table, string what, string fault);
}
