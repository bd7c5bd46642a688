using Akka.Actor;
using Akka.Event;

namespace HyperConn.Secrets;

/// <content>From a secret that is wanted to the answers: queue, calls to the store, outcomes.</content>
internal sealed partial class SecretFetcher
{
    private const int MaxParallelCalls = 8;

    // The last resort against a store that hangs. The AWS store gives up well before, by its own time-outs.
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(90);

    /// <summary>Gives a look-up its answer from the fetch under way, or from a new one.</summary>
    private void Join(SecretEntry entry, FetchWaiter.Lookup waiter)
    {
        if (entry.State == FetchState.Idle)
        {
            if (!_gate.MaySend)
            {
                Tell(waiter, entry, Outage(), changed: false);
                return;
            }

            entry.Add(waiter);
            Enqueue(entry, urgent: true);
            return;
        }

        _sharedCalls++;
        entry.Add(waiter);
        if (entry.State == FetchState.Queued)
            _queue.Promote(entry);
    }

    /// <summary>Fetches what the secret is from now on: a call already sent may have read what it was.</summary>
    private void FetchAfresh(SecretEntry entry, FetchWaiter waiter, bool urgent)
    {
        if (entry.State == FetchState.Sent)
        {
            entry.AddLater(waiter);
            return;
        }

        entry.Add(waiter);
        if (entry.State == FetchState.Idle)
            Enqueue(entry, urgent);
        else if (urgent)
            _queue.Promote(entry);
    }

    /// <summary>Refreshes a secret past its time because somebody uses it.</summary>
    private void RefreshForUse(SecretEntry entry)
    {
        (entry.Overdue ??= new OverdueRefresh()).Want(_clock);
        RefreshInBackground(entry);
    }

    private void RefreshInBackground(SecretEntry entry)
    {
        if (entry.State != FetchState.Idle || entry.FailureAt(_clock.GetUtcNow()) is not null || !_gate.MaySend)
            return;
        _refreshes++;
        Enqueue(entry, urgent: false);
    }

    private void Enqueue(SecretEntry entry, bool urgent)
    {
        _queue.Add(entry, urgent);
        if (_options.BatchWindow <= TimeSpan.Zero)
            _queue.MakeDue();
        else if (!Timers.IsTimerActive(WindowTimer))
            Timers.StartSingleTimer(WindowTimer, WindowEnded.Instance, _options.BatchWindow);
        if (_queue.HasBatch(BatchSize))
            SendBatches();
    }

    private int BatchSize => _options.BatchWindow <= TimeSpan.Zero ? 1 : Math.Max(1, _store.MaxBatchSize);

    private void SendBatches()
    {
        while (_callsUnderWay < MaxParallelCalls && _queue.Count > 0 && _queue.HasBatch(BatchSize) && _gate.MaySend)
        {
            var wait = _pace.Wait();
            if (wait > TimeSpan.Zero)
            {
                if (!Timers.IsTimerActive(PaceTimer))
                    Timers.StartSingleTimer(PaceTimer, PaceAllows.Instance, wait);
                return;
            }

            Send(_queue.Take(BatchSize));
        }
    }

    private void Send(List<SecretEntry> entries)
    {
        var call = new StoreCall(entries, _gate.Sent(), _clock.GetUtcNow());
        _pace.Sent();
        _callsUnderWay++;
        _storeCalls++;
        if (entries.Count > 1)
            _batchCalls++;
        foreach (var round in entries.SelectMany(entry => entry.Rounds).Distinct())
            round.StoreCalls++;
        foreach (var entry in entries)
            entry.State = FetchState.Sent;
        AskStoreAsync(_store, [.. entries.Select(entry => entry.Name)], _clock, _stopping.Token).PipeTo(
            Self,
            success: results => new CallEnded(call, results, null),
            failure: fault => new CallEnded(call, null, fault));
    }

    private static async Task<IReadOnlyDictionary<string, SecretResult>> AskStoreAsync(
        ISecretStore store, string[] names, TimeProvider clock, CancellationToken stopping)
    {
        using var late = new CancellationTokenSource(LongestCall, clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        // WaitAsync: a store that ignores its token is left behind, and its secrets are not stuck for ever.
        if (names.Length > 1)
            return await store.GetManyAsync(names, ended.Token).WaitAsync(ended.Token).ConfigureAwait(false);
        var result = await store.GetAsync(names[0], ended.Token).WaitAsync(ended.Token).ConfigureAwait(false);
        return new Dictionary<string, SecretResult>(StringComparer.Ordinal) { [names[0]] = result };
    }

    private void OnCallEnded(CallEnded end)
    {
        _callsUnderWay--;
        var call = end.Call;
        var thrown = end.Fault is null ? null : Describe(end.Fault);
        var outcomes = call.Entries.ConvertAll(entry => (Entry: entry, Result: thrown ?? ResultOf(end.Results!, entry)));
        Judge(call, outcomes.ConvertAll(outcome => outcome.Result));
        foreach (var (entry, result) in outcomes)
            Complete(entry, result);
        if (_gate.Outage is not null && !_gate.MaySend)
            FailQueued();
        SendBatches();
    }

    private static SecretResult ResultOf(IReadOnlyDictionary<string, SecretResult> results, SecretEntry entry) =>
        results.TryGetValue(entry.Name, out var result)
            ? result
            : new SecretResult.Failed(HyperConnErrorCode.StoreUnavailable, $"The secret store left '{entry.Name}' out of its answer.");

    private SecretResult.Failed Describe(Exception fault)
    {
        // The type only: what a store throws may quote what it read.
        if (fault is AggregateException { InnerException: { } inner })
            fault = inner;
        switch (fault)
        {
            case OperationCanceledException or TimeoutException:
                return new SecretResult.Failed(HyperConnErrorCode.StoreUnavailable, "The secret store did not answer in time.");
            case HyperConnException known:
                return new SecretResult.Failed(known.Code, known.Failure.Message);
            default:
                SecretLog.StoreThrew(_logger, fault.GetType().Name);
                return new SecretResult.Failed(HyperConnErrorCode.StoreUnavailable, $"The secret store failed ({fault.GetType().Name}).");
        }
    }

    /// <summary>What a call says about the store itself.</summary>
    private void Judge(StoreCall call, List<SecretResult> results)
    {
        var failures = results.OfType<SecretResult.Failed>().ToList();
        if (failures.Count == results.Count && failures.TrueForAll(failure => failure.Code == HyperConnErrorCode.StoreUnavailable))
        {
            if (_gate.Failed(call.IsProbe, call.Entries.Select(entry => entry.Name), failures[0].Message))
                SecretLog.StoreDown(_logger, _gate.Outage!.RetryAt!.Value, failures[0].Message);
            return;
        }

        if (_gate.Answered(call.IsProbe))
            SecretLog.StoreUp(_logger);
        if (!failures.Exists(failure => failure.Code == HyperConnErrorCode.StoreThrottled))
        {
            _pace.Succeeded();
            return;
        }

        _throttled++;
        if (_pace.Throttled(call.SentAt))
            SecretLog.Throttled(_logger, _pace.CallsPerSecond);
    }

    private void Complete(SecretEntry entry, SecretResult result)
    {
        var (waiters, again) = entry.End();
        HyperConnFailure? failure = null;
        var changed = false;
        if (result is SecretResult.Failed failed)
            failure = Reject(entry, new HyperConnFailure(failed.Code, failed.Message), waiters);
        else if (SecretDocument.TryParse(entry.Name, (SecretResult.Found)result, out var document, out var fault))
            changed = Accept(entry, document);
        else
            failure = Reject(entry, new HyperConnFailure(HyperConnErrorCode.SecretMalformed, fault), waiters);

        foreach (var waiter in waiters)
            Tell(waiter, entry, failure, changed);
        if (again)
            Enqueue(entry, urgent: true);
    }

    private bool Accept(SecretEntry entry, SecretDocument document)
    {
        var before = entry.KnownVersion;
        var changed = before is not null && !string.Equals(before, document.Version, StringComparison.Ordinal);
        var sound = document.KeepSoundEntriesOf(entry.Document, out var kept);
        entry.Accept(sound, _clock.GetUtcNow(), _jitter.UpperHalf(_options.TimeToLive), _options.HardLimit);
        SecretLog.Fetched(_logger, entry.Org, document.Version);
        if (before is null)
            return false;
        if (changed)
        {
            SecretLog.Changed(_logger, entry.Org, before, document.Version);
            Context.Parent.Tell(new SecretChanged(entry.Org, document.Version));
        }
        else
        {
            Context.Parent.Tell(new SecretConfirmed(entry.Org));
        }

        // Whose entry it is hears it with the answer to its next look-up, which the message above makes it ask.
        foreach (var key in kept)
        {
            var setback = sound.SetbackOfKey(key)!;
            SecretLog.RefreshFailed(_logger, entry.Org, setback.Code, before, setback.Message);
        }

        return changed;
    }

    private HyperConnFailure Reject(SecretEntry entry, HyperConnFailure failure, List<FetchWaiter> waiters)
    {
        var now = _clock.GetUtcNow();
        // Somebody asked whether it is still there, and it isn't. A background refresh trusts one such answer less.
        if (failure.Code == HyperConnErrorCode.SecretNotFound && waiters.Exists(waiter => waiter is FetchWaiter.Refresh))
            entry.DropDocument();
        failure = entry.Remember(failure, now, _options.FailureTimeToLive);
        if (entry.Serves(now))
            ReportRefreshFailed(entry, entry.KnownVersion!, failure);
        else
            SecretLog.FetchFailed(_logger, entry.Org, failure.Code, failure.Message);
        return failure;
    }

    private void ReportRefreshFailed(SecretEntry entry, string version, HyperConnFailure failure)
    {
        SecretLog.RefreshFailed(_logger, entry.Org, failure.Code, version, failure.Message);
        Context.Parent.Tell(new SecretRefreshFailed(entry.Org, failure));
    }

    /// <summary>The store is down: nobody waits for it in the queue.</summary>
    private void FailQueued()
    {
        foreach (var entry in _queue.Take(int.MaxValue))
            foreach (var waiter in entry.EndAll())
                Tell(waiter, entry, Outage(), changed: false);
    }

    private HyperConnFailure Outage()
    {
        // While a probe is out, its time is past: the next moment worth asking is a little later.
        var soon = _clock.GetUtcNow() + TimeSpan.FromSeconds(1);
        return _gate.Outage is { RetryAt: { } at } outage && at < soon ? outage with { RetryAt = soon } : _gate.Outage!;
    }

    /// <summary>Answers one waiter from what is cached now, or with why nothing is.</summary>
    private void Tell(FetchWaiter waiter, SecretEntry entry, HyperConnFailure? failure, bool changed)
    {
        var serves = entry.Serves(_clock.GetUtcNow());
        switch (waiter)
        {
            case FetchWaiter.Lookup lookup when serves:
                var missing = entry.Document!.Find(lookup.Tenant.Service, out var text, out var version);
                if (missing is null)
                    lookup.ReplyTo.Tell(new CredentialsFound(lookup.Tenant, text, version, entry.FetchedAt, entry.StaleAt)
                    {
                        Setback = (entry.Document.SetbackOf(lookup.Tenant.Service) ?? entry.Failure) is { } setback ? setback with { Tenant = lookup.Tenant } : null,
                    });
                else
                    Refuse(lookup.Tenant, missing with { RetryAt = RetryKeyAt(entry) }, lookup.ReplyTo);
                break;
            case FetchWaiter.Lookup lookup:
                Refuse(lookup.Tenant, failure ?? entry.Failure!, lookup.ReplyTo);
                break;
            case FetchWaiter.Refresh refresh:
                refresh.ReplyTo.Tell(new SecretRefreshed(entry.Org, serves ? entry.KnownVersion : null, failure));
                break;
            case FetchWaiter.Round { Progress: var round }:
                round.Left--;
                round.Changed += changed ? 1 : 0;
                round.Failed += failure is null ? 0 : 1;
                if (round.Left == 0)
                {
                    SecretLog.AllRefreshed(_logger, round.Secrets, round.StoreCalls, round.Changed, round.Failed);
                    round.ReplyTo.Tell(new SecretsRefreshed(round.Secrets, round.Changed, round.Failed, round.StoreCalls));
                }

                break;
        }
    }

    private DateTimeOffset RetryKeyAt(SecretEntry entry)
    {
        var at = entry.FetchedAt + _options.FailureTimeToLive;
        return entry.FailureAt(_clock.GetUtcNow())?.RetryAt is { } later && later > at ? later : at;
    }

    private void Refuse(TenantKey tenant, HyperConnFailure failure, IActorRef? replyTo = null)
    {
        _failures++;
        (replyTo ?? Sender).Tell(new CredentialsMissing(tenant, failure with { Tenant = tenant }));
    }

    private sealed record StoreCall(List<SecretEntry> Entries, bool IsProbe, DateTimeOffset SentAt)
    {
        public override string ToString() => $"StoreCall({Entries.Count} secrets)";
    }

    private sealed record CallEnded(StoreCall Call, IReadOnlyDictionary<string, SecretResult>? Results, Exception? Fault)
        : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public override string ToString() => $"CallEnded({Call})";
    }
}
