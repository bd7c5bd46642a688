using System.Runtime.CompilerServices;
using HyperConn.Events.Sources;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace HyperConn.Events;

/// <summary>
/// Events from an outbox table of PostgreSQL, which senders write to in the transaction of what the event is about. Any number of hosts
/// read
/// the same table: each claims rows for a time (<c>for update skip locked</c>), extends that while their events wait or are worked on, and
/// deletes or marks them after their effect is committed. <c>NOTIFY</c> wakes it, and a poll is the net below.
/// </summary>
/// <remarks>
/// <para>The row is ended in a later transaction than the effect, which is in another database. After a crash in between it comes again,
/// and
/// the tenant's inbox knows its <c>event_id</c>.</para>
/// <para>With <see cref="OutboxOptions.Ordered"/>, a tenant's rows are in one host's hands at a time, are handed out one after the other by
/// their ids, and go back together when one of them does. Ids are drawn at the insert: of two transactions for one tenant that are under
/// way
/// at once, neither is the first.</para>
/// </remarks>
public sealed class OutboxEventSource : ITenantEventSource, IAsyncDisposable
{
    private static readonly BatchedCallOptions Batches = new(Size: 100, Linger: TimeSpan.FromMilliseconds(5), Workers: 1);
    private static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly OutboxOptions _options;
    private readonly OutboxTable _table;
    private readonly OutboxFaults _faults;
    private readonly OutboxIntake _intake;
    private readonly OutboxListener _listener;
    private readonly BatchedCalls<OutboxEnd> _ends;
    private readonly BatchedCalls<OutboxReturn> _returns;
    private readonly NpgsqlDataSource? _own;
    private readonly TimeProvider _time;
    private Tuple<long, DateTimeOffset?>? _count;

    /// <summary>Makes the source. Nothing is opened before <see cref="ReadAsync"/>.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="pools">Where a tenant's connections come from; needed with <see cref="OutboxOptions.Tenant"/> only.</param>
    /// <param name="logger">Log; null: none.</param>
    /// <param name="time">Clock; null: the system's.</param>
    /// <exception cref="HyperConnException">The settings contradict each other, or the connection string can't be read.</exception>
    public OutboxEventSource(
        OutboxOptions options, ITenantPools? pools = null, ILogger<OutboxEventSource>? logger = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Faults().ToList() is { Count: > 0 } faults)
            throw NotConfigured(string.Join(' ', faults));
        _options = options;
        _time = time ?? TimeProvider.System;
        Func<CancellationToken, ValueTask<NpgsqlConnection>> open;
        if (options.Tenant is { } tenant)
        {
            var known = pools ?? throw NotConfigured("An outbox in a tenant's database needs HyperConn's pools.");
            open = ct => known.OpenConnectionAsync(tenant, ct);
        }
        else
        {
            _own = OutboxDatabase.Create(options.ConnectionString!);
            open = _own.OpenConnectionAsync;
        }

        _table = new OutboxTable(open, options);
        _faults = new OutboxFaults(options, _time, logger ?? (ILogger)NullLogger.Instance);
        _returns = new BatchedCalls<OutboxReturn>(ReturnAsync, Batches, _time);
        _intake = new OutboxIntake(_table, _returns.Add, _returns.FlushAsync, _faults, options, _time);
        _listener = new OutboxListener(open, options, _faults, _time, _intake.Wake);
        _ends = new BatchedCalls<OutboxEnd>(EndAsync, Batches, _time);
    }

    /// <inheritdoc/>
    public string Name => "outbox";

    /// <summary>The table's name. Rows of tables of the same name in two databases are told apart by their <c>event_id</c> alone.</summary>
    public string IdScope => $"outbox {_options.Table}";

    /// <inheritdoc/>
    public bool IsOrdered => _options.Ordered;

    /// <inheritdoc/>
    public bool Redelivers => true;

    /// <summary>A third of the lease: one call may fail before others see a row.</summary>
    public TimeSpan? ExtendEvery => _options.Lease / 3;

    /// <summary>Claims rows until cancelled. What was claimed by then and not handed out goes back at once.</summary>
    /// <param name="stop">Ends the reading.</param>
    /// <returns>The deliveries.</returns>
    /// <exception cref="HyperConnException">At the start: the table is missing and can't be made, or the database refuses the
    /// login.</exception>
    public async IAsyncEnumerable<TenantDelivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        if (!await StartAsync(stop).ConfigureAwait(false))
            yield break;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var loops = Task.WhenAll(
            _intake.KeepLeasesAsync(end.Token),
            _options.Listen ? _listener.RunAsync(end.Token) : Task.CompletedTask,
            EveryAsync(CountEvery, CountAsync, end.Token),
            EveryAsync(SweepEvery, SweepAsync, end.Token));
        try
        {
            while (!loops.IsFaulted && !stop.IsCancellationRequested)
            {
                if (await _intake.TakeAsync(stop).ConfigureAwait(false) is not { } delivery)
                    continue;
                if (_intake.IsLeased(delivery))
                    yield return delivery;
                else
                    _intake.GiveBack(delivery, untried: true);
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _intake.GiveBackAll();
        }

        // A loop ends only when it is told to; anything else is a fault of ours, and must be seen.
        if (loops.IsFaulted)
            await loops.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask CompleteAsync(TenantDelivery delivery, EventOutcome outcome, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        var row = Mine(delivery);
        if (row.TryEnd())
        {
            _ends.Add(new OutboxEnd(row, outcome));
            _intake.Done(row);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask AbandonAsync(TenantDelivery delivery, CancellationToken cancellationToken)
    {
        _intake.GiveBack(Mine(delivery), untried: false);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask ExtendAsync(IReadOnlyCollection<TenantDelivery> deliveries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deliveries);
        await _intake.ExtendAsync(deliveries.OfType<OutboxDelivery>(), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public EventSourceStatistics GetStatistics()
    {
        var count = Volatile.Read(ref _count);
        return new EventSourceStatistics { Waiting = count?.Item1, OldestAt = count?.Item2, Faults = _faults.Count };
    }

    /// <inheritdoc/>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _ends.FlushAsync(cancellationToken).ConfigureAwait(false);
        await _returns.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends what runs in the background. What is not flushed comes again.</summary>
    /// <returns>A task that ends when it is done.</returns>
    public async ValueTask DisposeAsync()
    {
        await _ends.DisposeAsync().ConfigureAwait(false);
        await _returns.DisposeAsync().ConfigureAwait(false);
        if (_own is not null)
            await _own.DisposeAsync().ConfigureAwait(false);
    }

    private static HyperConnException NotConfigured(string message) => new(new HyperConnFailure(HyperConnErrorCode.NotConfigured, message));

    private static OutboxDelivery Mine(TenantDelivery delivery) =>
        delivery as OutboxDelivery ?? throw new ArgumentException("The delivery is not of this source.", nameof(delivery));

    private async Task<bool> StartAsync(CancellationToken stop)
    {
        var backoff = new GrowingPause(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await _faults.LimitAsync(_table.CreateIfMissingAsync, stop).ConfigureAwait(false);
                return true;
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return false;
            }
            catch (PostgresException e) when (!e.IsTransient && e.SqlState is not ("57P01" or "57P02" or "57P03"))
            {
                throw NotConfigured($"The outbox table {_options.Table} can't be read: {e.SqlState}: {e.MessageText}");
            }
            catch (Exception e) when (e is not HyperConnException { IsTransient: false })
            {
                _faults.Note("Opening", e);
                await Task.Delay(backoff.Next(), _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return false;
    }

    private Task<IReadOnlyList<OutboxEnd>> EndAsync(IReadOnlyList<OutboxEnd> batch, CancellationToken ct) => SendAsync(
        "Ending rows",
        batch,
        async token =>
        {
            await _table.EndAsync(batch, token).ConfigureAwait(false);
            foreach (var end in batch)
                _intake.Forget(end.Delivery);
            _intake.Wake();
        },
        ct);

    private Task<IReadOnlyList<OutboxReturn>> ReturnAsync(IReadOnlyList<OutboxReturn> batch, CancellationToken ct) =>
        SendAsync("Handing rows back", batch, token => _table.ReturnAsync(batch, token), ct);

    private async Task<IReadOnlyList<T>> SendAsync<T>(
        string what, IReadOnlyList<T> batch, Func<CancellationToken, Task> send, CancellationToken ct)
    {
        try
        {
            await _faults.LimitAsync(send, ct).ConfigureAwait(false);
            return [];
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            _faults.Note(what, fault);
            return batch;
        }
    }

    private async Task CountAsync(CancellationToken ct)
    {
        var (waiting, oldest) = await _faults.LimitAsync(_table.CountAsync, ct).ConfigureAwait(false);
        Volatile.Write(ref _count, Tuple.Create(waiting, oldest));
    }

    private async Task SweepAsync(CancellationToken ct)
    {
        while (await _faults.LimitAsync(_table.SweepAsync, ct).ConfigureAwait(false))
        {
            // There may be more.
        }
    }

    private async Task EveryAsync(TimeSpan interval, Func<CancellationToken, Task> act, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await act(stop).ConfigureAwait(false);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                _faults.Note(act == CountAsync ? "Counting rows" : "Deleting old rows", fault);
            }

            await Task.Delay(interval, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
