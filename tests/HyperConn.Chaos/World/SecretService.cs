using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using HyperConn.Testing;
using HyperConn.Tests;

namespace HyperConn.Chaos.World;

/// <summary>Secrets Manager: <c>moto_server</c> behind an endpoint that throttles, fails and dawdles when told to.</summary>
internal sealed class SecretService : IAsyncDisposable
{
    private readonly MotoServer _moto;
    private readonly RawSecretsManager _raw;
    private readonly FaultyAwsEndpoint _endpoint;
    private readonly HttpClient _client = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private volatile AwsScript? _mood;

    private SecretService(MotoServer moto, FaultyAwsEndpoint endpoint)
    {
        (_moto, _endpoint, _raw) = (moto, endpoint, new RawSecretsManager(moto.Url));
        endpoint.Script("*", AnswerAsync);
    }

    /// <summary>Where the manager's store goes.</summary>
    public string Url => _endpoint.Url;

    /// <summary>Answers instead of <c>moto_server</c>, where it has one; null: it never does.</summary>
    public AwsScript? Mood { set => _mood = value; }

    /// <summary>Starts it.</summary>
    /// <exception cref="Xunit.SkipException">There is no <c>moto_server</c> here.</exception>
    public static async Task<SecretService> StartAsync()
    {
        var (moto, reason) = await MotoServer.TryStartAsync();
        MachinePart.Aws.Need(moto is not null, reason);
        return new SecretService(moto, await FaultyAwsEndpoint.StartAsync());
    }

    /// <summary>Stores a secret. Calls of one name come one after the other.</summary>
    public async Task PutAsync(string name, string text)
    {
        bool isNew;
        lock (_names)
            isNew = _names.Add(name);
        await (isNew
            ? _raw.CallAsync("CreateSecret", new JsonObject { ["Name"] = name, ["SecretString"] = text, ["ClientRequestToken"] = Guid.NewGuid().ToString() })
            : _raw.CallAsync("PutSecretValue", new JsonObject
            {
                ["SecretId"] = name,
                ["SecretString"] = text,
                ["ClientRequestToken"] = Guid.NewGuid().ToString(),
            }));
    }

    public async Task DeleteAsync(string name)
    {
        await _raw.CallAsync("DeleteSecret", new JsonObject { ["SecretId"] = name, ["ForceDeleteWithoutRecovery"] = true });
        lock (_names)
            _names.Remove(name);
    }

    /// <summary>Forgets the calls that arrived, which nobody will look at.</summary>
    public void Tidy() => _endpoint.ForgetCalls();

    public async ValueTask DisposeAsync()
    {
        await _endpoint.DisposeAsync();
        _raw.Dispose();
        _client.Dispose();
        await _moto.DisposeAsync();
    }

    private async Task<AwsReply?> AnswerAsync(AwsCall call, CancellationToken cancellationToken)
    {
        if (_mood is { } mood && await mood(call, cancellationToken) is { } reply)
            return reply;
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_moto.Url));
        request.Headers.TryAddWithoutValidation("X-Amz-Target", "secretsmanager." + call.Operation);
        request.Headers.TryAddWithoutValidation("Authorization", call.Authorization);
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(call.Body.ToJsonString()));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-amz-json-1.1");
        using var answer = await _client.SendAsync(request, cancellationToken);
        return new AwsReply((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
    }
}
