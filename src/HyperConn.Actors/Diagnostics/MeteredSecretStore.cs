using System.Diagnostics;
using HyperConn.Secrets;

namespace HyperConn.Diagnostics;

/// <summary>Counts, times and traces the calls of the store it wraps.</summary>
internal sealed class MeteredSecretStore(ISecretStore inner, HyperConnMeter meter, StoreHealth? health = null, TimeProvider? clock = null) : ISecretStore
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    public event Action<string?>? Changed
    {
        add => inner.Changed += value;
        remove => inner.Changed -= value;
    }

    public int MaxBatchSize => inner.MaxBatchSize;

    public async Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken)
    {
        using var activity = StartSpan(1);
        var started = _clock.GetTimestamp();
        try
        {
            var result = await inner.GetAsync(name, cancellationToken).ConfigureAwait(false);
            Record(activity, started, 1, (result as SecretResult.Failed)?.Code);
            return result;
        }
        catch (Exception exception)
        {
            Record(activity, started, 1, CodeOf(exception));
            throw;
        }
    }

    public async Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(
        IReadOnlyCollection<string> names,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        using var activity = StartSpan(names.Count);
        var started = _clock.GetTimestamp();
        try
        {
            var results = await inner.GetManyAsync(names, cancellationToken).ConfigureAwait(false);

            // A batch failed as a whole when every id did, for a reason that is the store's.
            var failures = results.Values.OfType<SecretResult.Failed>().ToList();
            var failed = failures.Count == names.Count && failures.TrueForAll(f => IsOfStore(f.Code));
            Record(activity, started, names.Count, failed ? failures[0].Code : null);
            return results;
        }
        catch (Exception exception)
        {
            Record(activity, started, names.Count, CodeOf(exception));
            throw;
        }
    }

    public IAsyncEnumerable<string> ListNamesAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListNamesAsync(prefix, cancellationToken);

    public Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken) =>
        inner.StoreAsync(name, value, cancellationToken);

    // Shared by all who wait for it, hence linked rather than nested.
    private static Activity? StartSpan(int secrets)
    {
        var activity = HyperConnTelemetry.Source.StartActivity("hyperconn.secret.fetch", ActivityKind.Client);
        activity?.SetTag("hyperconn.secret.batch.size", secrets);
        return activity;
    }

    private static bool IsOfStore(HyperConnErrorCode code) =>
        code is HyperConnErrorCode.StoreUnavailable or HyperConnErrorCode.StoreThrottled or HyperConnErrorCode.AccessDenied;

    private static HyperConnErrorCode CodeOf(Exception exception) => exception switch
    {
        HyperConnException known => known.Code,
        OperationCanceledException => HyperConnErrorCode.TimedOut,
        _ => HyperConnErrorCode.Internal,
    };

    private void Record(Activity? activity, long started, int secrets, HyperConnErrorCode? outcome)
    {
        if (outcome is { } code)
            activity.Fail(code);
        if (outcome is { } fault && IsOfStore(fault))
            health?.Failed(_clock.GetUtcNow(), fault);
        else if (outcome is not HyperConnErrorCode.TimedOut and not HyperConnErrorCode.Internal)
            health?.Answered(_clock.GetUtcNow());
        meter.SecretCall(outcome, secrets, _clock.GetElapsedTime(started));
    }
}
