using System.Text.Json;
using System.Text.Json.Nodes;

namespace HyperConn;

/// <summary>Puts one service's entry into an organisation's secret, as hyperconn-pg's <c>storeSecret</c> does.</summary>
internal static class SecretWriter
{
    public static async Task StoreAsync(
        ISecretStore store, string name, TenantKey tenant, string connectionString, CancellationToken cancellationToken)
    {
        var entries = await store.GetAsync(name, cancellationToken).ConfigureAwait(false) switch
        {
            SecretResult.Found found => Parse(found.Text, name),
            SecretResult.Failed { Code: HyperConnErrorCode.SecretNotFound } => [],
            SecretResult.Failed failed => throw new HyperConnException(new HyperConnFailure(failed.Code, failed.Message, tenant)),
            _ => throw new InvalidOperationException("Unknown secret result."),
        };
        entries[tenant.Service + "-postgresql"] = connectionString;
        await store.StoreAsync(name, entries.ToJsonString(), cancellationToken).ConfigureAwait(false);
    }

    private static JsonObject Parse(string text, string name)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject entries)
                return entries;
        }
        catch (JsonException)
        {
            // Falls through to the same answer as any other shape; the parser's message may quote the secret.
        }

        throw new HyperConnException(new HyperConnFailure(
            HyperConnErrorCode.SecretMalformed,
            $"Secret '{name}' is not a JSON object, so an entry can't be added without losing what it has. Mend it in the store first."));
    }
}
