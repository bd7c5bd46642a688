using System.Text.Json.Nodes;

namespace HyperConn.Secrets;

/// <summary>Puts one service's entry into an organisation's secret, as hyperconn-pg's <c>storeSecret</c> does.</summary>
/// <remarks>
/// Secrets Manager has no conditional write, so two writers of one secret in different processes can still lose an entry; in one process
/// they take turns.
/// </remarks>
internal sealed class SecretWriter(ISecretStore store)
{
    // Names that share a turn only wait for each other.
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 16).Select(_ => new SemaphoreSlim(1))];

    public async Task StoreAsync(string name, TenantKey tenant, string connectionString, CancellationToken cancellationToken)
    {
        var turn = _turns[(uint)name.GetHashCode(StringComparison.Ordinal) % _turns.Length];
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await AddAsync(name, tenant, connectionString, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task AddAsync(string name, TenantKey tenant, string connectionString, CancellationToken cancellationToken)
    {
        var text = await store.GetAsync(name, cancellationToken).ConfigureAwait(false) switch
        {
            SecretResult.Found found => found.Text,
            SecretResult.Failed { Code: HyperConnErrorCode.SecretNotFound } or SecretResult.Failed { IsOfEmptyStore: true } => "{}",
            SecretResult.Failed failed => throw new HyperConnException(new HyperConnFailure(failed.Code, failed.Message, tenant)),
            _ => throw new InvalidOperationException("Unknown secret result."),
        };
        await store.StoreAsync(name, With(text, name, tenant.Service + "-postgresql", connectionString), cancellationToken).ConfigureAwait(false);
    }

    private static string With(string text, string name, string entry, string value)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject entries)
            {
                entries[entry] = value;
                return entries.ToJsonString();
            }
        }
        catch (Exception fault) when (SecretJson.IsFault(fault))
        {
            // Falls through to the same answer as any other shape.
        }

        throw new HyperConnException(new HyperConnFailure(
            HyperConnErrorCode.SecretMalformed,
            $"Secret '{name}' is not a JSON object of names that each stand once, in Unicode, so an entry can't be added without losing what it has. "
            + "Mend it in the store first."));
    }
}
