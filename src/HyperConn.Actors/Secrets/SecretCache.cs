using HyperConn.Primitives;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>The secrets and failures known now, by organisation, and what a fetch's result makes of them.</summary>
/// <remarks>
/// It knows a bounded number: beyond that, those asked for longest ago go. What goes is read again when somebody asks for it, with its failures
/// forgotten. But a pool hears of a new version only from here, so whoever knows the pools is asked first, and what has one stays.
/// </remarks>
/// <param name="options">How long what is known is good.</param>
/// <param name="projectName">What secrets' names begin with.</param>
/// <param name="clock">The clock.</param>
/// <param name="jitter">Spreads what would happen at once.</param>
/// <param name="logger">Where changes and failures go.</param>
/// <param name="mayGo">Asks which organisations have no pool. <see cref="Forget"/> is the answer.</param>
internal sealed class SecretCache(
    SecretOptions options, string projectName, MonotonicClock clock, Jitter jitter, ILogger logger, Action<IReadOnlyList<string>> mayGo)
{
    /// <summary>Organisations that are known at most, those with a pool and those being fetched excepted where they are more.</summary>
    public const int Most = 50_000;

    /// <summary>How many are to go at a time.</summary>
    public const int GoAtOnce = 5_000;

    // Where all are in use, looking through them for each new one would be for nothing.
    private const int LookAgainAfter = 500;

    private static readonly TimeSpan RefetchPeriod = TimeSpan.FromMinutes(1);

    // Longer than any failure is remembered: an entry dropped earlier would forget how often it has failed.
    private static readonly TimeSpan KeepFailures = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, SecretEntry> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<SecretEntry> _byUse = [];
    private readonly string _prefix = projectName + "-";
    private List<string> _asked = [];
    private int _lookAt = Most;

    public IReadOnlyCollection<SecretEntry> Entries => _entries.Values;

    /// <summary>The entry of an organisation, made when there is none; null: no secret can have its name.</summary>
    public SecretEntry? Get(string org)
    {
        if (_entries.TryGetValue(org, out var entry))
        {
            Touch(entry);
            return entry;
        }

        if (_prefix.Length + org.Length > TenantKey.MaxSecretNameLength)
            return null;
        if (_entries.Count >= _lookAt && _asked.Count == 0)
            AskWhatMayGo();
        entry = new SecretEntry(org, _prefix + org, clock, new Backoff(jitter, options.FailureTimeToLive, StoreGate.MaxPause));
        entry.Use = _byUse.AddLast(entry);
        return _entries[org] = entry;
    }

    /// <summary>Forgets organisations that have no pool: the answer to what was asked.</summary>
    public void Forget(IReadOnlyCollection<string> orgs)
    {
        foreach (var org in orgs)
        {
            if (_entries.TryGetValue(org, out var entry) && entry.IsAtRest)
                Remove(entry);
        }

        // What stays is in use; it is not asked about again before the others.
        foreach (var org in _asked)
        {
            if (_entries.TryGetValue(org, out var entry))
                Touch(entry);
        }

        _asked = [];
        _lookAt = Math.Max(Most, _entries.Count + LookAgainAfter);
    }

    /// <summary>The entry of a secret's name, if there is one.</summary>
    public SecretEntry? Find(string name) =>
        name.StartsWith(_prefix, StringComparison.Ordinal) ? _entries.GetValueOrDefault(name[_prefix.Length..]) : null;

    /// <summary>Entries of which another version is there than is cached. What is not cached is read when somebody asks for it; a failure is worth
    /// another try by then.</summary>
    public IEnumerable<SecretEntry> WithOtherVersions(IEnumerable<HeardVersion> versions)
    {
        foreach (var version in versions)
        {
            if (_entries.TryGetValue(version.Org, out var entry)
                && (entry.Failure is not null || (entry.Document is { } document && document.Version != version.VersionId)))
                yield return entry;
        }
    }

    /// <summary>Whether a refused login may have a secret fetched: not when that has brought nothing newer too often within a minute.</summary>
    public bool MayRefetch(SecretEntry entry)
    {
        var start = clock.Now - RefetchPeriod;
        while (entry.Refetches.TryPeek(out var oldest) && oldest <= start)
            entry.Refetches.Dequeue();
        if (entry.Refetches.Count < options.MaxRefetchesPerMinute)
        {
            entry.LimitReported = false;
            return true;
        }

        if (!entry.LimitReported)
            SecretLog.RefetchLimited(logger, entry.Org, entry.Refetches.Count);
        entry.LimitReported = true;
        return false;
    }

    /// <summary>Takes in the result of a fetch.</summary>
    /// <param name="entry">The secret.</param>
    /// <param name="result">What the store answered.</param>
    /// <param name="isAuthoritative">Whether somebody asked if the secret is still there. A background refresh that does not find it is
    /// trusted less: what is cached goes on serving.</param>
    public FetchOutcome Complete(SecretEntry entry, SecretResult result, bool isAuthoritative)
    {
        if (result is not SecretResult.Found found)
        {
            var failed = (SecretResult.Failed)result;
            return Reject(entry, new HyperConnFailure(failed.Code, failed.Message), isAuthoritative);
        }

        return SecretDocument.TryParse(entry.Name, found, out var document, out var fault)
            ? Accept(entry, document)
            : Reject(entry, new HyperConnFailure(HyperConnErrorCode.SecretMalformed, fault), isAuthoritative);
    }

    /// <summary>Drops what is of no use any more.</summary>
    public void Tidy()
    {
        foreach (var entry in _entries.Values.Where(entry => entry.State == FetchState.Idle).ToList())
        {
            // What may no longer be handed out should not stay in memory.
            if (!entry.Serves)
                entry.DropDocument();
            if (entry.KnownVersion is null && entry.FailureEndedBefore(KeepFailures))
                Remove(entry);
        }
    }

    private void AskWhatMayGo()
    {
        var asked = new List<string>(GoAtOnce);
        for (var next = _byUse.First; next is not null && asked.Count < GoAtOnce; next = next.Next)
        {
            if (next.Value.IsAtRest)
                asked.Add(next.Value.Org);
        }

        _lookAt = _entries.Count + LookAgainAfter;
        _asked = asked;
        if (asked.Count > 0)
            mayGo(asked);
    }

    private void Touch(SecretEntry entry)
    {
        _byUse.Remove(entry.Use!);
        _byUse.AddLast(entry.Use!);
    }

    private void Remove(SecretEntry entry)
    {
        _entries.Remove(entry.Org);
        _byUse.Remove(entry.Use!);
        entry.Use = null;
    }

    private FetchOutcome Accept(SecretEntry entry, SecretDocument document)
    {
        var before = entry.KnownVersion;
        var changed = before is not null && !string.Equals(before, document.Version, StringComparison.Ordinal);
        var sound = document.KeepSoundEntriesOf(entry.Document, out var kept);
        entry.Accept(sound, jitter.UpperHalf(options.TimeToLive), options.HardLimit);
        SecretLog.Fetched(logger, entry.Org, document.Version);
        if (before is null)
            return new FetchOutcome(null, false, null);
        if (changed)
            SecretLog.Changed(logger, entry.Org, before, document.Version);

        // The tenants of these entries hear it with the answer to their next look-up, which the announcement makes them ask for.
        foreach (var key in kept)
        {
            var setback = sound.SetbackOfKey(key)!;
            SecretLog.RefreshFailed(logger, entry.Org, setback.Code, before, setback.Message);
        }

        return new FetchOutcome(null, changed, changed ? new SecretChanged(entry.Org, document.Version) : new SecretConfirmed(entry.Org));
    }

    private FetchOutcome Reject(SecretEntry entry, HyperConnFailure failure, bool isAuthoritative)
    {
        if (failure.Code == HyperConnErrorCode.SecretNotFound && isAuthoritative)
            entry.DropDocument();
        failure = entry.Remember(failure, options.FailureTimeToLive);
        if (!entry.Serves)
        {
            SecretLog.FetchFailed(logger, entry.Org, failure.Code, failure.Message);
            return new FetchOutcome(failure, false, null);
        }

        SecretLog.RefreshFailed(logger, entry.Org, failure.Code, entry.KnownVersion!, failure.Message);
        return new FetchOutcome(failure, false, new SecretRefreshFailed(entry.Org, failure));
    }
}
