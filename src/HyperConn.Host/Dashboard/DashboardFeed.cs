using HyperConn.Events;

namespace HyperConn.Host;

/// <summary>
/// Samples the manager each interval, keeps the history for the charts and wakes the open streams. One for all viewers: ten open pages
/// cost what one does. Ends by itself when nobody has read it for as long as it is told, if it is.
/// </summary>
internal sealed partial class DashboardFeed(
    IStatisticsSource source,
    OperatorEvents events,
    DashboardOptions options,
    HyperConnOptions settings,
    ILogger<DashboardFeed> log,
    TimeProvider clock,
    TenantEventWorker? worker = null,
    TimeSpan? keepUnread = null) : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly SampleHistory _history = new(options.HistorySamples);
    private readonly DateTimeOffset _startedAt = clock.GetUtcNow();
    private TaskCompletionSource _next = NewSignal();
    private TaskCompletionSource _first = NewSignal();
    private Published? _published;
    private (long Handled, DateTimeOffset At)? _lastHandled;
    private long _readAt = clock.GetTimestamp();

    /// <summary>Whether it has ended, or will, because nobody reads it.</summary>
    public bool IsUnread => keepUnread is { } keep && clock.GetElapsedTime(Volatile.Read(ref _readAt)) > keep;

    public string Title => options.Title ?? (settings.ProjectName.Length > 0 ? settings.ProjectName : "HyperConn");

    public string ProjectName => settings.ProjectName;

    /// <summary>The latest, waiting for the first.</summary>
    public async ValueTask<Published> CurrentAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _readAt, clock.GetTimestamp());
        if (Volatile.Read(ref _published) is { } published)
            return published;
        await _first.Task.WaitAsync(cancellationToken);
        return Volatile.Read(ref _published)!;
    }

    /// <summary>Ends when something newer than <paramref name="seen"/> is there.</summary>
    public async Task<Published> NextAsync(Published? seen, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _readAt, clock.GetTimestamp());
        Task next;
        lock (_lock)
        {
            if (_published is { } published && !ReferenceEquals(published, seen))
                return published;
            next = _next.Task;
        }

        await next.WaitAsync(cancellationToken);
        return Volatile.Read(ref _published)!;
    }

    public async ValueTask<Overview> OverviewAsync(CancellationToken cancellationToken)
    {
        var now = await CurrentAsync(cancellationToken);
        lock (_lock)
            return new Overview(Title, _startedAt, options.SampleInterval.TotalSeconds, settings.Diagnostics.LeakThreshold.TotalSeconds, now.Sample, now.Totals, _history.Columns(), now.Servers, now.Attention, now.EventWorker);
    }

    public async ValueTask<ServerList> ServersAsync(CancellationToken cancellationToken)
    {
        var now = await CurrentAsync(cancellationToken);
        lock (_lock)
            return new ServerList(now.Servers, _history.ByServer());
    }

    public EventPage Events(long after, int limit, string? kind, string? search)
    {
        var lastId = events.LastId;
        var found = events.After(after).Reverse().Select(ToRow);
        if (kind is { Length: > 0 })
        {
            var kinds = kind.Split(',');
            found = found.Where(e => kinds.Contains(e.Kind));
        }

        if (search is { Length: > 0 })
            found = found.Where(e => $"{e.Service}/{e.Org} {e.Server} {e.Message} {e.Detail} {e.By}".Contains(search, StringComparison.OrdinalIgnoreCase));
        return new EventPage(lastId, [.. found.Take(limit)]);
    }

    public IReadOnlyList<EventRow> EventsAfter(long id, int maxCount) => [.. events.After(id, maxCount).Select(ToRow)];

    public long LastEvent => events.LastId;

    internal static EventRow ToRow(OperatorEvent e) => new(
        e.Id,
        e.At,
        char.ToLowerInvariant(e.Kind.ToString()[0]) + e.Kind.ToString()[1..],
        e.Tenant?.Service,
        e.Tenant?.Org,
        e.Servers.Count > 0 ? string.Join(',', e.Servers) : null,
        e.Message,
        e.Detail,
        e.By);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Starting must not wait for the first sample.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var timer = new PeriodicTimer(options.SampleInterval, clock);
        HyperConnStatistics? last = null;
        try
        {
            do
            {
                try
                {
                    var statistics = await source.GetAsync(stoppingToken);
                    Publish(statistics, last);
                    last = statistics;
                }
                catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
                {
                    LogSampleFailed(exception);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken) && !IsUnread);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private void Publish(HyperConnStatistics statistics, HyperConnStatistics? last)
    {
        // The same snapshot twice would show as a rate of zero.
        if (ReferenceEquals(statistics, last))
            return;
        var view = new TenantView(statistics);
        var servers = ServerRows.Of(statistics);
        var sample = Samples.Of(statistics, last);
        var published = new Published(view, sample, Samples.TotalsOf(view), servers, AttentionList.Of(statistics, settings.Diagnostics.LeakThreshold), Worker());
        TaskCompletionSource wake;
        lock (_lock)
        {
            _history.Add(sample, servers);
            _published = published;
            wake = _next;
            _next = NewSignal();
        }

        _first.TrySetResult();
        wake.TrySetResult();
    }

    private EventWorkerRow? Worker()
    {
        // It may be there and nobody has started it.
        if (worker?.ExecuteTask is not { } completion)
            return null;
        try
        {
            var (statistics, at) = (worker.GetStatistics(), clock.GetUtcNow());
            var row = EventWorkerRow.Of(statistics, completion, at, _lastHandled);
            _lastHandled = (statistics.Handled, at);
            return row;
        }
        catch (Exception exception)
        {
            // Sources are anybody's: one that can't count must not take the pools' numbers away.
            LogSampleFailed(exception);
            return _published?.EventWorker;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(EventId = 5101, EventName = "DashboardSampleFailed", Level = LogLevel.Warning, Message = "The dashboard could not take a sample; it shows the one before")]
    private partial void LogSampleFailed(Exception exception);

    /// <summary>Everything worked out from one snapshot.</summary>
    internal sealed record Published(
        TenantView View,
        Sample Sample,
        Totals Totals,
        IReadOnlyList<ServerNow> Servers,
        IReadOnlyList<Attention> Attention,
        EventWorkerRow? EventWorker);
}
