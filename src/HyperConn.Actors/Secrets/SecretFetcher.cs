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
internal sealed class SecretFetcher : ReceiveActor, IWithTimers
{
    private const string WakeTimer = "wake";
    private const string TidyTimer = "tidy";

    private static readonly TimeSpan TidyInterval = TimeSpan.FromMinutes(1);

    private readonly ISecretStore _store;
    private readonly SecretOptions _options;
    private readonly MonotonicClock _clock;
    private readonly SecretCache _cache;
    private readonly StoreCalls _calls;
    private readonly SecretStoreReader _reader;
    private readonly SecretAnswers _answers;
    private readonly PendingChanges _changes;
    private readonly SecretFetches _fetches;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Action<string?> _onStoreChanged;
    private TimeSpan _wakeAt = TimeSpan.MaxValue;
    private long _cacheHits;

    public SecretFetcher(
        ISecretStore store, SecretOptions options, string projectName, TimeProvider time, MonotonicClock clock, Random random, ILogger logger)
    {
        _store = store;
        _options = options;
        _clock = clock;
        var jitter = new Jitter(random);
        _cache = new SecretCache(options, projectName, clock, jitter, logger, orgs => Context.Parent.Tell(new SecretsUnused(orgs)));
        _calls = new StoreCalls(store, options, clock, jitter, logger);
        _changes = new PendingChanges(_calls.Gate, clock);
        _reader = new SecretStoreReader(store, time, logger);
        _answers = new SecretAnswers(options, clock, logger);
        _fetches = new SecretFetches(_calls, _changes, _answers, _clock);
        var self = Self;
        _onStoreChanged = name => self.Tell(new StoreChanged(name));
        Serving();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one. The store stays the caller's to dispose.</summary>
    public static Props CreateProps(
        ISecretStore store, SecretOptions options, string projectName, TimeProvider time, MonotonicClock clock, Random random, ILogger logger) =>
        Props.Create(() => new SecretFetcher(store, options, projectName, time, clock, random, logger));

    protected override void PreStart()
    {
        _store.Changed += _onStoreChanged;
        Timers.StartPeriodicTimer(TidyTimer, new Tidy(), TidyInterval);
    }

    protected override void PostStop()
    {
        _store.Changed -= _onStoreChanged;
        _stopping.Cancel();
        _stopping.Dispose();
        var stopped = new FetchOutcome(
            new HyperConnFailure(HyperConnErrorCode.ShuttingDown, "The secret fetcher has stopped; the manager is shutting down."), false, null);
        foreach (var entry in _cache.Entries)
            foreach (var waiter in entry.EndAll())
                _answers.Answer(waiter, entry, stopped);
    }

    private void Serving()
    {
        Receive<FetchCredentials>(OnFetch);
        Receive<RefetchCredentials>(OnRefetch);
        Receive<RevalidateSecret>(OnRevalidate);
        Receive<RefreshSecret>(OnRefresh);
        Receive<RefreshAllSecrets>(OnRefreshAll);
        Receive<StoreChanged>(OnStoreChanged);
        Receive<SecretVersionsHeard>(OnVersionsHeard);
        Receive<CallEnded>(OnCallEnded);
        Receive<Wake>(OnWake);
        Receive<ForgetSecrets>(forget => _cache.Forget(forget.Orgs));
        Receive<Tidy>(OnTidy);
        Receive<GetSecretFetcherStatistics>(OnGetStatistics);
    }

    private void OnFetch(FetchCredentials ask)
    {
        if (EntryOrRefuse(ask.Tenant) is not { } entry)
            return;
        var waiter = new FetchWaiter.Lookup(Sender, ask.Tenant);
        if (entry.Serves)
        {
            var isFound = entry.Document!.Find(ask.Tenant.Service, out _, out _) is null;

            // A key that was not there may have been added since: worth a call, but not a call for each ask.
            if (isFound || _clock.Now < entry.FetchedAt.At + _options.FailureTimeToLive || entry.ActiveFailure is not null)
            {
                if (isFound)
                    _cacheHits++;
                _answers.Answer(waiter, entry);
                if (entry.IsStale)
                    _fetches.RefreshForUse(entry);
                SendDue();
                return;
            }
        }
        else if (RefuseWithActiveFailure(entry, ask.Tenant))
        {
            return;
        }

        _fetches.Join(entry, waiter);
        SendDue();
    }

    private void OnRefetch(RefetchCredentials ask)
    {
        if (EntryOrRefuse(ask.Tenant) is not { } entry)
            return;
        var waiter = new FetchWaiter.Lookup(Sender, ask.Tenant);
        if (entry.Serves)
        {
            var isFound = entry.Document!.Find(ask.Tenant.Service, out _, out var version) is null;
            var isNewer = isFound && !string.Equals(version, ask.StaleVersion, StringComparison.Ordinal);
            if (isNewer || (entry.State == FetchState.Idle && (entry.ActiveFailure is not null || !_cache.MayRefetch(entry))))
            {
                if (isFound)
                    _cacheHits++;
                _answers.Answer(waiter, entry);
                return;
            }
        }
        else if (RefuseWithActiveFailure(entry, ask.Tenant))
        {
            return;
        }

        if (entry.State == FetchState.Idle && _calls.Gate.MaySend)
            entry.Refetches.Enqueue(_clock.Now);
        _fetches.Join(entry, waiter);
        SendDue();
    }

    private void OnRevalidate(RevalidateSecret hint)
    {
        if (_cache.Get(hint.Org) is { } entry && (!entry.Serves || entry.IsStale))
            _fetches.RefreshForUse(entry);
        SendDue();
    }

    private void OnRefresh(RefreshSecret ask)
    {
        if (!TenantKey.TryCreate("any", ask.Org, out _) || _cache.Get(ask.Org) is not { } entry)
        {
            Sender.Tell(new SecretRefreshed(ask.Org, null, SecretAnswers.ImpossibleName()));
            return;
        }

        entry.ForgetFailure();
        _calls.Gate.ProbeNow();
        _fetches.FetchAfresh(entry, new FetchWaiter.Refresh(Sender), urgent: true);
        SendDue();
    }

    private void OnRefreshAll(RefreshAllSecrets ask)
    {
        var cached = _cache.Entries.Where(entry => entry.Document is not null).ToList();
        foreach (var entry in _cache.Entries)
            entry.ForgetFailure();
        if (cached.Count == 0)
        {
            Sender.Tell(new SecretsRefreshed(0, 0, 0, 0));
            return;
        }

        _calls.Gate.ProbeNow();
        var round = new RefreshRound(Sender, cached.Count);
        foreach (var entry in cached)
            _fetches.FetchAfresh(entry, new FetchWaiter.Round(round), urgent: false);
        _calls.MakeDue();
        SendDue();
    }

    private void OnStoreChanged(StoreChanged change)
    {
        if (change.Name is null)
        {
            foreach (var entry in _cache.Entries)
                NoteChange(entry);
        }
        else if (_cache.Find(change.Name) is { } entry)
        {
            NoteChange(entry);
        }

        _fetches.FetchChanges();
        SendDue();
    }

    private void OnVersionsHeard(SecretVersionsHeard heard)
    {
        foreach (var entry in _cache.WithOtherVersions(heard.Versions))
            NoteChange(entry);
        _fetches.FetchChanges();
        SendDue();
    }

    private void OnCallEnded(CallEnded end)
    {
        var entries = end.Call.Entries;
        var isBack = _calls.End(end.Call, end.Results);
        for (var i = 0; i < entries.Count; i++)
            Complete(entries[i], end.Results[i]);
        _fetches.RefuseUnsendable();
        _fetches.FetchChanges(evenAfterFailure: isBack);
        SendDue();
    }

    private void OnWake(Wake tick)
    {
        _wakeAt = TimeSpan.MaxValue;
        _fetches.FetchChanges();
        SendDue();
    }

    private void OnTidy(Tidy tick) => _cache.Tidy();

    private void OnGetStatistics(GetSecretFetcherStatistics ask) => Sender.Tell(_fetches.Statistics(_cache, _cacheHits));

    private SecretEntry? EntryOrRefuse(TenantKey tenant)
    {
        if (_cache.Get(tenant.Org) is { } entry)
            return entry;
        _answers.Refuse(Sender, tenant, SecretAnswers.ImpossibleName());
        return null;
    }

    private bool RefuseWithActiveFailure(SecretEntry entry, TenantKey tenant)
    {
        if (entry.State != FetchState.Idle || entry.ActiveFailure is not { } failure)
            return false;
        _answers.Refuse(Sender, tenant, failure);
        return true;
    }

    private void NoteChange(SecretEntry entry)
    {
        if (entry.Failure is not null)
            Context.Parent.Tell(new SecretFailureForgotten(entry.Org));
        entry.ForgetFailure();
        if (entry.State == FetchState.Sent || entry.Document is not null)
            _changes.Add(entry);
    }

    private void SendDue()
    {
        while (_calls.Begin() is { } call)
            _reader.ReadAsync([.. call.Entries.Select(entry => entry.Name)], _stopping.Token).PipeTo(Self, success: results => new CallEnded(call, results));
        WakeAt(_calls.WakeAt);
        WakeAt(_changes.WakeAt);
    }

    private void WakeAt(TimeSpan? moment)
    {
        if (moment is not { } at || at >= _wakeAt)
            return;
        _wakeAt = at;
        var pause = at - _clock.Now;
        Timers.StartSingleTimer(WakeTimer, new Wake(), pause > TimeSpan.Zero ? pause : TimeSpan.Zero);
    }

    private void Complete(SecretEntry entry, SecretResult result)
    {
        var (waiters, again) = entry.End();
        var outcome = _cache.Complete(entry, result, isAuthoritative: waiters.Exists(waiter => waiter is FetchWaiter.Refresh));
        if (outcome.Announcement is { } announcement)
            Context.Parent.Tell(announcement);
        foreach (var waiter in waiters)
            _answers.Answer(waiter, entry, outcome);
        if (again)
            _calls.Add(entry, urgent: true);
    }

    private sealed record StoreChanged(string? Name);

    private sealed record CallEnded(StoreCall Call, IReadOnlyList<SecretResult> Results) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record Wake : IDeadLetterSuppression;
    private sealed record Tidy : IDeadLetterSuppression;
}
