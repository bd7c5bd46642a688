using HyperConn.Primitives;

namespace HyperConn.Pools;

/// <summary>
/// Why tenants had no pool a moment ago, until when that is the answer. It belongs to the supervisor: a pool that could not be made is gone,
/// and asking for it again must cost neither an actor nor a line in the log.
/// </summary>
internal sealed class FailureMemory(MonotonicClock clock, TimeSpan timeToLive)
{
    // Bounds what requests for organisations that don't exist can take up; the oldest are no worse for being asked again.
    private const int MaxFailures = 10_000;

    private readonly Dictionary<TenantKey, Remembered> _failures = [];
    private readonly Dictionary<string, HashSet<TenantKey>> _byOrg = new(StringComparer.Ordinal);

    public int Count => _failures.Count;

    /// <summary>Remembers a failure that says when it is worth asking again, or is about a secret's text.</summary>
    /// <returns>The failure with the time of the next try, where there is one.</returns>
    public HyperConnFailure Remember(TenantKey tenant, HyperConnFailure failure)
    {
        if (failure is { RetryAt: null, Code: HyperConnErrorCode.SecretMalformed })
            failure = failure with { RetryAt = clock.ToWallClock(clock.Now + timeToLive) };
        if (failure.RetryAt is not { } retryAt)
            return failure;
        if (_failures.Count >= MaxFailures)
            ForgetAll();

        // The sender named a moment on the wall clock just now; from here on that clock may be set as it likes.
        _failures[tenant] = new Remembered(failure, clock.Now + (retryAt - clock.ToWallClock(clock.Now)));
        if (!_byOrg.TryGetValue(tenant.Org, out var tenants))
            _byOrg.Add(tenant.Org, tenants = []);
        tenants.Add(tenant);
        return failure;
    }

    /// <summary>What a request for the tenant is answered now; null: it may try.</summary>
    public HyperConnFailure? Of(TenantKey tenant) =>
        _failures.TryGetValue(tenant, out var remembered) && clock.Now < remembered.Until
            ? remembered.Failure with { RetryAt = clock.ToWallClock(remembered.Until) }
            : null;

    /// <summary>An organisation's secret is worth asking for again.</summary>
    /// <returns>The tenants that were remembered.</returns>
    public IReadOnlyCollection<TenantKey> Forget(string org)
    {
        if (!_byOrg.Remove(org, out var tenants))
            return [];
        foreach (var tenant in tenants)
            _failures.Remove(tenant);
        return tenants;
    }

    /// <summary>Forgets what nobody is answered any more.</summary>
    public void ForgetExpired()
    {
        var now = clock.Now;
        foreach (var tenant in _failures.Where(pair => pair.Value.Until <= now).Select(pair => pair.Key).ToList())
            Remove(tenant);
    }

    /// <summary>Forgets refusals by operators.</summary>
    /// <returns>The tenants that were remembered.</returns>
    public IReadOnlyCollection<TenantKey> ForgetRestrictions()
    {
        var tenants = _failures
            .Where(pair => pair.Value.Failure.Code is HyperConnErrorCode.Banned or HyperConnErrorCode.Paused)
            .Select(pair => pair.Key)
            .ToList();
        foreach (var tenant in tenants)
            Remove(tenant);
        return tenants;
    }

    /// <summary>Forgets everything.</summary>
    /// <returns>The tenants that were remembered.</returns>
    public IReadOnlyCollection<TenantKey> ForgetAll()
    {
        var tenants = _failures.Keys.ToList();
        _failures.Clear();
        _byOrg.Clear();
        return tenants;
    }

    private void Remove(TenantKey tenant)
    {
        _failures.Remove(tenant);
        if (_byOrg.TryGetValue(tenant.Org, out var tenants) && tenants.Remove(tenant) && tenants.Count == 0)
            _byOrg.Remove(tenant.Org);
    }

    private readonly record struct Remembered(HyperConnFailure Failure, TimeSpan Until);
}
