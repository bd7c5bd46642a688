using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace HyperConn.Testing;

/// <summary>Calls of an emulator that no store makes: the steps of a rotation, deletion, binary values. Emulators don't check signatures.</summary>
public sealed class RawSecretsManager(string url) : IDisposable
{
    private readonly HttpClient _client = new();

    /// <summary>Makes one call.</summary>
    /// <exception cref="InvalidOperationException">The emulator refused.</exception>
    public async Task<JsonObject> CallAsync(string operation, JsonObject body)
    {
        ArgumentNullException.ThrowIfNull(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url));
        request.Headers.TryAddWithoutValidation("X-Amz-Target", "secretsmanager." + operation);
        request.Headers.TryAddWithoutValidation(
            "Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0");
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-amz-json-1.1");
        using var answer = await _client.SendAsync(request).ConfigureAwait(false);
        var text = await answer.Content.ReadAsStringAsync().ConfigureAwait(false);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!.AsObject()
            : throw new InvalidOperationException($"{operation}: {(int)answer.StatusCode}");
    }

    /// <summary>Puts a version that is not current yet, as the first step of a rotation does.</summary>
    /// <returns>Its version id.</returns>
    public async Task<string> PutPendingAsync(string name, string text)
    {
        var put = await CallAsync("PutSecretValue", new JsonObject
        {
            ["SecretId"] = name,
            ["SecretString"] = text,
            ["ClientRequestToken"] = Guid.NewGuid().ToString(),
            ["VersionStages"] = new JsonArray("AWSPENDING"),
        }).ConfigureAwait(false);
        return (string)put["VersionId"]!;
    }

    /// <summary>Makes a pending version current, as the last step of a rotation does.</summary>
    public Task PromoteAsync(string name, string fromVersion, string toVersion) => CallAsync("UpdateSecretVersionStage", new JsonObject
    {
        ["SecretId"] = name,
        ["VersionStage"] = "AWSCURRENT",
        ["MoveToVersionId"] = toVersion,
        ["RemoveFromVersionId"] = fromVersion,
    });

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
