using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>Asks the store, and makes a result for each secret of whatever the store does: it may hang, throw or leave a name out.</summary>
internal sealed class SecretStoreReader(ISecretStore store, TimeProvider time, ILogger logger)
{
    // The last resort against a store that hangs. The AWS store gives up well before, by its own time-outs.
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(90);

    /// <summary>Reads secrets in one call. Never fails.</summary>
    /// <param name="names">Plain names, all different.</param>
    /// <param name="stopping">Ends the call.</param>
    /// <returns>One result for each name, in their order.</returns>
    public async Task<IReadOnlyList<SecretResult>> ReadAsync(IReadOnlyList<string> names, CancellationToken stopping)
    {
        try
        {
            using var late = new CancellationTokenSource(MaxDuration, time);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);

            // WaitAsync: a store that ignores its token is left behind, and its secrets are not stuck for ever.
            if (names.Count == 1)
                return [await store.GetAsync(names[0], ended.Token).WaitAsync(ended.Token).ConfigureAwait(false) ?? LeftOut(names[0])];
            var results = await store.GetManyAsync(names, ended.Token).WaitAsync(ended.Token).ConfigureAwait(false);
            return [.. names.Select(name => results.GetValueOrDefault(name) ?? LeftOut(name))];
        }
        catch (Exception fault)
        {
            var failed = Describe(fault);
            return [.. names.Select(_ => failed)];
        }
    }

    private static SecretResult.Failed LeftOut(string name) =>
        new(HyperConnErrorCode.StoreUnavailable, $"The secret store left '{name}' out of its answer.");

    private SecretResult.Failed Describe(Exception fault)
    {
        if (fault is AggregateException { InnerException: { } inner })
            fault = inner;
        switch (fault)
        {
            case OperationCanceledException or TimeoutException:
                return new SecretResult.Failed(HyperConnErrorCode.StoreUnavailable, "The secret store did not answer in time.");
            case HyperConnException known:
                return new SecretResult.Failed(known.Code, known.Failure.Message);
            default:
                // The type only: what a store throws may quote what it read.
                SecretLog.StoreThrew(logger, fault.GetType().Name);
                return new SecretResult.Failed(HyperConnErrorCode.StoreUnavailable, $"The secret store failed ({fault.GetType().Name}).");
        }
    }
}
