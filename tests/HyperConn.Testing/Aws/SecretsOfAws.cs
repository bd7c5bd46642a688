using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace HyperConn.Testing;

/// <summary>Secrets Manager's own behaviour, as far as these tests need it.</summary>
internal sealed class SecretsOfAws
{
    private readonly ConcurrentDictionary<string, (string Text, string Version)> _secrets = new(StringComparer.Ordinal);

    public string Put(string name, string text)
    {
        var version = Guid.NewGuid().ToString();
        _secrets[name] = (text, version);
        return version;
    }

    public AwsReply Answer(AwsCall call) => call.Operation switch
    {
        "GetSecretValue" => Get((string?)call.Body["SecretId"] ?? ""),
        "BatchGetSecretValue" => GetBatch([.. call.Body["SecretIdList"]!.AsArray().Select(id => (string)id!)]),
        "ListSecrets" => List(),
        "CreateSecret" when _secrets.ContainsKey((string?)call.Body["Name"] ?? "") => Refuse("ResourceExistsException"),
        "CreateSecret" => Stored((string)call.Body["Name"]!, (string)call.Body["SecretString"]!),
        "PutSecretValue" => Stored((string)call.Body["SecretId"]!, (string)call.Body["SecretString"]!),
        _ => Refuse("UnknownOperationException"),
    };

    private static AwsReply Refuse(string code) => new(400, $$"""{"__type":"{{code}}"}""");

    private AwsReply Get(string name) => Value(name) is { } value ? new AwsReply(200, value.ToJsonString()) : Refuse("ResourceNotFoundException");

    private AwsReply GetBatch(List<string> names)
    {
        if (names.Count > 20)
            return Refuse("InvalidParameterException");
        var answer = new JsonObject
        {
            ["SecretValues"] = new JsonArray([.. names.Select(Value).Where(value => value is not null)]),
            ["Errors"] = new JsonArray([.. names.Where(name => !_secrets.ContainsKey(name)).Select(name =>
                (JsonNode)new JsonObject { ["SecretId"] = name, ["ErrorCode"] = "ResourceNotFoundException", ["Message"] = "none" })]),
        };
        return new AwsReply(200, answer.ToJsonString());
    }

    // As AWS's filter may: more than was asked for.
    private AwsReply List() => new(200, new JsonObject
    {
        ["SecretList"] = new JsonArray([.. _secrets.Keys.Order(StringComparer.Ordinal).Select(name => (JsonNode)new JsonObject { ["Name"] = name })]),
    }.ToJsonString());

    private AwsReply Stored(string name, string text) =>
        new(200, new JsonObject { ["Name"] = name, ["VersionId"] = Put(name, text) }.ToJsonString());

    private JsonObject? Value(string name) => _secrets.TryGetValue(name, out var secret)
        ? new JsonObject { ["Name"] = name, ["SecretString"] = secret.Text, ["VersionId"] = secret.Version }
        : null;
}
