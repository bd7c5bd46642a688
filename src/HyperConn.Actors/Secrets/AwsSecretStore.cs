using System.Runtime.CompilerServices;
using Amazon.SecretsManager;
using Amazon.SecretsManager.Model;
using HyperConn.Primitives;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>Secrets in AWS Secrets Manager: the version staged AWSCURRENT of each.</summary>
/// <remarks>
/// BatchGetSecretValue needs a permission of its own. Where it is missing, the call at hand is answered with single gets, and
/// <see cref="MaxBatchSize"/> is 1 for <see cref="BatchRetryAfter"/>; then one batch tries again. Secrets Manager announces no change:
/// a rotation is noticed by the secret's age, by a refused login, or by whoever calls Refresh.
/// </remarks>
internal sealed class AwsSecretStore : ISecretStore, IDisposable
{
    /// <summary>Largest number of ids in one BatchGetSecretValue (its API reference).</summary>
    public const int BatchLimit = 20;

    /// <summary>How long single gets stand in for batches after a refused batch.</summary>
    public static readonly TimeSpan BatchRetryAfter = TimeSpan.FromMinutes(10);

    private const string CurrentStage = "AWSCURRENT";

    // A batch as single gets: quick, without taking the account's whole rate.
    private const int MaxParallelSingles = 4;

    private readonly AmazonSecretsManagerClient _client;
    private readonly ILogger _logger;
    private readonly MonotonicClock _clock;
    private long _batchRefusedUntil;

    public AwsSecretStore(AwsSecretOptions options, ILogger logger, TimeProvider? clock = null)
    {
        _client = AwsClientFactory.Create(options);
        _logger = logger;
        _clock = new MonotonicClock(clock ?? TimeProvider.System);
    }

    public int MaxBatchSize => MayBatch ? BatchLimit : 1;

    private bool MayBatch => _clock.Now.Ticks >= Volatile.Read(ref _batchRefusedUntil);

    public async Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var request = new GetSecretValueRequest { SecretId = name, VersionStage = CurrentStage };
            var response = await _client.GetSecretValueAsync(request, cancellationToken).ConfigureAwait(false);
            return Read(name, response.Name, response.SecretString, response.SecretBinary, response.VersionId);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            return AwsErrors.Describe(name, fault);
        }
    }

    public async Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(
        IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(names.Count, BatchLimit, nameof(names));
        var results = new Dictionary<string, SecretResult>(names.Count, StringComparer.Ordinal);
        if (MayBatch && names.Count > 1)
        {
            try
            {
                await GetBatchAsync(names, results, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                if (AwsErrors.IsMissingPermission(fault))
                    RefuseBatches();
                else
                    foreach (var name in names)
                        results.TryAdd(name, AwsErrors.Describe(name, fault));
            }
        }

        // All of them where batches are refused; otherwise those that the answer left out without a word, or had no current version of.
        await GetSinglesAsync([.. names.Where(name => !results.ContainsKey(name))], results, cancellationToken).ConfigureAwait(false);
        return results;
    }

    public async IAsyncEnumerable<string> ListNamesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            ListSecretsResponse page;
            try
            {
                var request = new ListSecretsRequest { MaxResults = 100, NextToken = next };
                if (prefix.Length > 0)
                    request.Filters = [new Filter { Key = "name", Values = [prefix] }];
                page = await _client.ListSecretsAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                throw AwsErrors.Refused("ListSecrets", fault);
            }

            // The filter splits words and ignores case: it narrows the answer down, it does not decide.
            foreach (var entry in page.SecretList ?? [])
                if (entry.Name is { } name && name.StartsWith(prefix, StringComparison.Ordinal))
                    yield return name;
            next = page.NextToken;
        }
        while (!string.IsNullOrEmpty(next));
    }

    public async Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken)
    {
        // One token for both: a version that came to be although its answer was lost is not made twice.
        var token = Guid.NewGuid().ToString();
        try
        {
            var created = await _client.CreateSecretAsync(
                new CreateSecretRequest { Name = name, SecretString = value, ClientRequestToken = token },
                cancellationToken).ConfigureAwait(false);
            return created.VersionId ?? token;
        }
        catch (Exception fault) when (AwsErrors.IsAlreadyThere(fault))
        {
            // Goes on below.
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw AwsErrors.Refused("CreateSecret", fault);
        }

        try
        {
            var put = await _client.PutSecretValueAsync(
                new PutSecretValueRequest { SecretId = name, SecretString = value, ClientRequestToken = token },
                cancellationToken).ConfigureAwait(false);
            return put.VersionId ?? token;
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw AwsErrors.Refused("PutSecretValue", fault);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task GetBatchAsync(
        IReadOnlyCollection<string> names, Dictionary<string, SecretResult> results, CancellationToken cancellationToken)
    {
        var asked = names.ToHashSet(StringComparer.Ordinal);
        string? next = null;
        do
        {
            var request = new BatchGetSecretValueRequest { SecretIdList = [.. names], NextToken = next };
            var page = await _client.BatchGetSecretValueAsync(request, cancellationToken).ConfigureAwait(false);
            foreach (var value in page.SecretValues ?? [])
                if (value.Name is { } name && asked.Contains(name) && IsCurrent(value))
                    results[name] = Read(name, name, value.SecretString, value.SecretBinary, value.VersionId);
            foreach (var error in page.Errors ?? [])
                if (error.SecretId is { } name && asked.Contains(name))
                    results.TryAdd(name, AwsErrors.Describe(name, error.ErrorCode));
            next = page.NextToken;
        }
        while (!string.IsNullOrEmpty(next));
    }

    private async Task GetSinglesAsync(List<string> names, Dictionary<string, SecretResult> results, CancellationToken cancellationToken)
    {
        foreach (var some in names.Chunk(MaxParallelSingles))
        {
            var singles = await Task.WhenAll(some.Select(name => GetAsync(name, cancellationToken))).ConfigureAwait(false);
            for (var i = 0; i < some.Length; i++)
                results[some[i]] = singles[i];
        }
    }

    // A batch has no stage to ask for. What it says is of another stage is left to a single get (moto answers so after a rotation).
    private static bool IsCurrent(SecretValueEntry value) =>
        value.VersionStages is null or { Count: 0 } || value.VersionStages.Contains(CurrentStage);

    private void RefuseBatches()
    {
        Volatile.Write(ref _batchRefusedUntil, (_clock.Now + BatchRetryAfter).Ticks);
        SecretLog.BatchRefused(_logger, BatchRetryAfter);
    }

    private static SecretResult Read(string asked, string? name, string? text, MemoryStream? binary, string? version)
    {
        // "martech-abcdef" may be taken for a partial ARN of the secret "martech": never serve one tenant another's secret.
        if (!string.Equals(name, asked, StringComparison.Ordinal))
            return new SecretResult.Failed(
                HyperConnErrorCode.SecretNotFound,
                $"Secrets Manager answered with another secret than '{asked}'. Names that end in a hyphen and six characters look like "
                + "partial ARNs; check that a secret of exactly this name exists, or give the organisation another id.");
        if (text is null)
            return new SecretResult.Failed(
                HyperConnErrorCode.SecretMalformed,
                $"Secret '{asked}' has {(binary is null ? "no value" : "a binary value")}. Store it as text (SecretString): a JSON object.");
        return string.IsNullOrEmpty(version)
            ? new SecretResult.Failed(
                HyperConnErrorCode.StoreUnavailable, $"Secrets Manager gave no version id for '{asked}'. Check what answers at the endpoint.")
            : new SecretResult.Found(text, version);
    }
}
