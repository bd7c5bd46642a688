using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Event;
using HyperConn.Primitives;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>
/// Knows the tenants' secrets: one call for any number of concurrent look-ups of one secret, one batch for different ones asked at
/// nearly the same time, a cache that serves old values while it refreshes them, and a memory of failures.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "An actor disposes what it owns in PostStop.")]
internal sealed partial class SecretFetcher : ReceiveActor, IWithTimers
{
    private const string WindowTimer = "window";
    private const string PaceTimer = "pace";
    private const string TidyTimer = "tidy";

    private static readonly TimeSpan RefetchPeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TidyInterval = TimeSpan.FromMinutes(1);

    // Longer than any failure is remembered: an entry dropped earlier would forget how often it has failed.
    private static readonly TimeSpan KeepFailures = TimeSpan.FromMinutes(2);

    private readonly ISecretStore _store;
    private readonly SecretOptions _options;
    private readonly string _prefix;
    private readonly TimeProvider _clock;
    private readonly Jitter _jitter;
    private readonly ILogger _logger;
    private readonly Dictionary<string, SecretEntry> _entries = new(StringComparer.Ordinal);
    private readonly SecretQueue _queue = new();
    private readonly StorePace _pace;
    private readonly StoreGate _gate;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Action<string?> _onStoreChanged;
    private int _callsUnderWay;
    private long _storeCalls;
    private long _batchCalls;
    private long _cacheHits;
    private long _sharedCalls;
    private long _failures;
    private long _refreshes;
    private long _throttled;

    public SecretFetcher(ISecretStore store, SecretOptions options, string projectName, TimeProvider clock, Random random, ILogger logger)
    {
        _store = store;
        _options = options;
        _prefix = projectName + "-";
        _clock = clock;
        _jitter = new Jitter(random);
        _logger = logger;
        _pace = new StorePace(clock);
        _gate = new StoreGate(clock, _jitter, options.FailureTimeToLive);
        var self = Self;
        _onStoreChanged = name => self.Tell(new StoreChanged(name));
        Serving();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one. The store stays the caller's to dispose.</summary>
    public static Props CreateProps(
        ISecretStore store, SecretOptions options, string projectName, TimeProvider clock, Random random, ILogger logger) =>
        Props.Create(() => new SecretFetcher(store, options, projectName, clock, random, logger));

    protected override void PreStart()
    {
        _store.Changed += _onStoreChanged;
        Timers.StartPeriodicTimer(TidyTimer, Tidy.Instance, TidyInterval);
    }

    protected override void PostStop()
    {
        _store.Changed -= _onStoreChanged;
        _stopping.Cancel();
        _stopping.Dispose();
        var failure = new HyperConnFailure(HyperConnErrorCode.ShuttingDown, "The secret fetcher has stopped; the manager is shutting down.");
        foreach (var entry in _entries.Values)
            foreach (var waiter in entry.EndAll())
                Tell(waiter, entry, failure, changed: false);
    }

    private void Serving()
    {
        Receive<FetchCredentials>(OnFetch);
        Receive<RefetchCredentials>(OnRefetch);
        Receive<RevalidateSecret>(OnRevalidate);
        Receive<RefreshSecret>(OnRefresh);
        Receive<RefreshAllSecrets>(OnRefreshAll);
        Receive<StoreChanged>(OnStoreChanged);
        Receive<CallEnded>(OnCallEnded);
        Receive<WindowEnded>(OnWindowEnded);
        Receive<PaceAllows>(OnPaceAllows);
        Receive<Tidy>(OnTidy);
        Receive<GetSecretFetcherStatistics>(OnGetStatistics);
    }

    private void OnFetch(FetchCredentials ask)
    {
        if (EntryOf(ask.Tenant.Org) is not { } entry)
        {
            Refuse(ask.Tenant, NameTooLong());
            return;
        }

        var now = _clock.GetUtcNow();
        var waiter = new FetchWaiter.Lookup(Sender, ask.Tenant);
        if (entry.Serves(now))
        {
            var missing = entry.Document!.Find(ask.Tenant.Service, out _, out _);
            // A key that was not there may have been added since: worth a call, but not a call for each ask.
            if (missing is null || now < entry.FetchedAt + _options.FailureTimeToLive || entry.FailureAt(now) is not null)
            {
                if (missing is null)
                    _cacheHits++;
                Tell(waiter, entry, null, changed: false);
                if (entry.IsStale(now))
                    RefreshForUse(entry);
                return;
            }
        }
        else if (entry.State == FetchState.Idle && entry.FailureAt(now) is { } failure)
        {
            Refuse(ask.Tenant, failure);
            return;
        }

        Join(entry, waiter);
    }

    private void OnRefetch(RefetchCredentials ask)
    {
        if (EntryOf(ask.Tenant.Org) is not { } entry)
        {
            Refuse(ask.Tenant, NameTooLong());
            return;
        }

        var now = _clock.GetUtcNow();
        var waiter = new FetchWaiter.Lookup(Sender, ask.Tenant);
        if (entry.Serves(now))
        {
            var missing = entry.Document!.Find(ask.Tenant.Service, out _, out var version);
            var isNewer = missing is null && !string.Equals(version, ask.StaleVersion, StringComparison.Ordinal);
            if (isNewer || (entry.State == FetchState.Idle && (entry.FailureAt(now) is not null || !MayRefetch(entry, now))))
            {
                if (missing is null)
                    _cacheHits++;
                Tell(waiter, entry, null, changed: false);
                return;
            }
        }
        else if (entry.State == FetchState.Idle && entry.FailureAt(now) is { } failure)
        {
            Refuse(ask.Tenant, failure);
            return;
        }

        if (entry.State == FetchState.Idle && _gate.MaySend)
            entry.Refetches.Enqueue(now);
        Join(entry, waiter);
    }

    private void OnRevalidate(RevalidateSecret hint)
    {
        if (EntryOf(hint.Org) is not { } entry)
            return;
        var now = _clock.GetUtcNow();
        if (!entry.Serves(now) || entry.IsStale(now))
            RefreshForUse(entry);
    }

    private void OnRefresh(RefreshSecret ask)
    {
        if (!TenantKey.TryCreate("any", ask.Org, out _) || EntryOf(ask.Org) is not { } entry)
        {
            Sender.Tell(new SecretRefreshed(ask.Org, null, NameTooLong()));
            return;
        }

        entry.ForgetFailure();
        _gate.ProbeNow();
        _refreshes++;
        FetchAfresh(entry, new FetchWaiter.Refresh(Sender), urgent: true);
        SendBatches();
    }

    private void OnRefreshAll(RefreshAllSecrets ask)
    {
        var cached = _entries.Values.Where(entry => entry.Document is not null).ToList();
        foreach (var entry in _entries.Values)
            entry.ForgetFailure();
        if (cached.Count == 0)
        {
            Sender.Tell(new SecretsRefreshed(0, 0, 0, 0));
            return;
        }

        _gate.ProbeNow();
        _refreshes += cached.Count;
        var round = new RefreshRound(Sender, cached.Count);
        foreach (var entry in cached)
            FetchAfresh(entry, new FetchWaiter.Round(round), urgent: false);
        _queue.MakeDue();
        SendBatches();
    }

    private void OnStoreChanged(StoreChanged change)
    {
        if (change.Name is null)
        {
            foreach (var entry in _entries.Values)
                Recheck(entry);
        }
        else if (change.Name.StartsWith(_prefix, StringComparison.Ordinal)
            && _entries.TryGetValue(change.Name[_prefix.Length..], out var entry))
        {
            Recheck(entry);
        }
    }

    private void Recheck(SecretEntry entry)
    {
        if (entry.Failure is not null)
            Context.Parent.Tell(new SecretFailureForgotten(entry.Org));
        entry.ForgetFailure();
        if (entry.State == FetchState.Sent)
            entry.Again = true;
        else if (entry.Document is not null)
            RefreshInBackground(entry);
    }

    private void OnWindowEnded(WindowEnded tick)
    {
        _queue.MakeDue();
        SendBatches();
    }

    private void OnPaceAllows(PaceAllows tick) => SendBatches();

    private void OnTidy(Tidy tick)
    {
        var now = _clock.GetUtcNow();
        foreach (var entry in _entries.Values.Where(entry => entry.State == FetchState.Idle).ToList())
        {
            // A text nobody may be given any more need not lie about in memory.
            if (!entry.Serves(now))
                entry.DropDocument();
            if (entry.KnownVersion is null && (entry.Failure is null || entry.Failure.RetryAt + KeepFailures < now))
                _entries.Remove(entry.Org);
        }
    }

    private void OnGetStatistics(GetSecretFetcherStatistics ask) => Sender.Tell(new SecretFetcherStatistics
    {
        StoreCalls = _storeCalls,
        BatchCalls = _batchCalls,
        CacheHits = _cacheHits,
        SharedCalls = _sharedCalls,
        Failures = _failures,
        Refreshes = _refreshes,
        Throttled = _throttled,
        Cached = _entries.Values.Count(entry => entry.Document is not null),
        RefreshOverdue = _entries.Values.Max(entry => entry.Overdue?.Length(_clock)) ?? TimeSpan.Zero,
        Circuit = _gate.Circuit,
    });

    private bool MayRefetch(SecretEntry entry, DateTimeOffset now)
    {
        while (entry.Refetches.TryPeek(out var oldest) && oldest <= now - RefetchPeriod)
            entry.Refetches.Dequeue();
        if (entry.Refetches.Count < _options.MaxRefetchesPerMinute)
        {
            entry.LimitReported = false;
            return true;
        }

        if (!entry.LimitReported)
            SecretLog.RefetchLimited(_logger, entry.Org, entry.Refetches.Count);
        entry.LimitReported = true;
        return false;
    }

    private SecretEntry? EntryOf(string org)
    {
        if (_entries.TryGetValue(org, out var entry))
            return entry;
        if (_prefix.Length + org.Length > TenantKey.MaxSecretNameLength)
            return null;
        return _entries[org] = new SecretEntry(org, _prefix + org, new Backoff(_jitter, _options.FailureTimeToLive, StoreGate.LongestPause));
    }

    private static HyperConnFailure NameTooLong() => new(
        HyperConnErrorCode.InvalidTenant,
        $"The organisation can't have a secret: '<project>-<org>' must be at most {TenantKey.MaxSecretNameLength} characters of "
        + "A-Z a-z 0-9 / _ + = . @ -, as AWS Secrets Manager wants it.");

    private sealed record StoreChanged(string? Name);

    private sealed record WindowEnded : IDeadLetterSuppression
    {
        public static readonly WindowEnded Instance = new();
    }

    private sealed record PaceAllows : IDeadLetterSuppression
    {
        public static readonly PaceAllows Instance = new();
    }

    private sealed record Tidy : IDeadLetterSuppression
    {
        public static readonly Tidy Instance = new();
    }
}
