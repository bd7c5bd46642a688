using System.Text.Json;
using Amazon.Runtime;

namespace Amazon.SecretsManager.Model;

/// <summary>A request that knows its operation and how to write itself.</summary>
internal abstract class SecretsManagerRequest : AmazonWebServiceRequest
{
    internal abstract string Operation { get; }

    internal abstract void Write(Utf8JsonWriter json);

    protected static void Write(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, value);
    }

    protected static void Write(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}

/// <summary>An answer that knows how to read itself.</summary>
internal abstract class SecretsManagerResponse : AmazonWebServiceResponse
{
    internal abstract void Read(JsonElement json);
}

internal sealed class GetSecretValueRequest : SecretsManagerRequest
{
    public string? SecretId { get; set; }

    public string? VersionStage { get; set; }

    internal override string Operation => "GetSecretValue";

    internal override void Write(Utf8JsonWriter json)
    {
        Write(json, "SecretId", SecretId);
        Write(json, "VersionStage", VersionStage);
    }
}

internal sealed class GetSecretValueResponse : SecretsManagerResponse
{
    public string? Name { get; private set; }

    public string? SecretString { get; private set; }

    public MemoryStream? SecretBinary { get; private set; }

    public string? VersionId { get; private set; }

    internal override void Read(JsonElement json) =>
        (Name, SecretString, SecretBinary, VersionId) =
        (json.Text("Name"), json.Text("SecretString"), json.Binary("SecretBinary"), json.Text("VersionId"));
}

internal sealed class BatchGetSecretValueRequest : SecretsManagerRequest
{
    public List<string> SecretIdList { get; set; } = [];

    public string? NextToken { get; set; }

    internal override string Operation => "BatchGetSecretValue";

    internal override void Write(Utf8JsonWriter json)
    {
        Write(json, "SecretIdList", SecretIdList);
        Write(json, "NextToken", NextToken);
    }
}

internal sealed class BatchGetSecretValueResponse : SecretsManagerResponse
{
    public List<SecretValueEntry>? SecretValues { get; private set; }

    public List<APIErrorType>? Errors { get; private set; }

    public string? NextToken { get; private set; }

    internal override void Read(JsonElement json)
    {
        SecretValues = json.Items("SecretValues", entry => new SecretValueEntry
        {
            Name = entry.Text("Name"),
            SecretString = entry.Text("SecretString"),
            SecretBinary = entry.Binary("SecretBinary"),
            VersionId = entry.Text("VersionId"),
            VersionStages = entry.Items("VersionStages", stage => stage.GetString() ?? ""),
        });
        Errors = json.Items("Errors", error => new APIErrorType { SecretId = error.Text("SecretId"), ErrorCode = error.Text("ErrorCode") });
        NextToken = json.Text("NextToken");
    }
}

internal sealed class SecretValueEntry
{
    public string? Name { get; init; }

    public string? SecretString { get; init; }

    public MemoryStream? SecretBinary { get; init; }

    public string? VersionId { get; init; }

    public List<string>? VersionStages { get; init; }
}

internal sealed class APIErrorType
{
    public string? SecretId { get; init; }

    public string? ErrorCode { get; init; }
}

internal sealed class ListSecretsRequest : SecretsManagerRequest
{
    public List<Filter> Filters { get; set; } = [];

    public int? MaxResults { get; set; }

    public string? NextToken { get; set; }

    internal override string Operation => "ListSecrets";

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray(nameof(Filters));
        foreach (var filter in Filters)
        {
            json.WriteStartObject();
            Write(json, "Key", filter.Key);
            Write(json, "Values", filter.Values);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (MaxResults is { } most)
            json.WriteNumber(nameof(MaxResults), most);
        Write(json, "NextToken", NextToken);
    }
}

internal sealed class Filter
{
    public string? Key { get; set; }

    public List<string> Values { get; set; } = [];
}

internal sealed class ListSecretsResponse : SecretsManagerResponse
{
    public List<SecretListEntry>? SecretList { get; private set; }

    public string? NextToken { get; private set; }

    internal override void Read(JsonElement json) =>
        (SecretList, NextToken) = (json.Items("SecretList", entry => new SecretListEntry { Name = entry.Text("Name") }), json.Text("NextToken"));
}

internal sealed class SecretListEntry
{
    public string? Name { get; init; }
}

internal sealed class CreateSecretRequest : SecretsManagerRequest
{
    public string? Name { get; set; }

    public string? SecretString { get; set; }

    public string? ClientRequestToken { get; set; }

    internal override string Operation => "CreateSecret";

    internal override void Write(Utf8JsonWriter json)
    {
        Write(json, "Name", Name);
        Write(json, "SecretString", SecretString);
        Write(json, "ClientRequestToken", ClientRequestToken);
    }
}

internal sealed class CreateSecretResponse : SecretsManagerResponse
{
    public string? VersionId { get; private set; }

    internal override void Read(JsonElement json) => VersionId = json.Text("VersionId");
}

internal sealed class PutSecretValueRequest : SecretsManagerRequest
{
    public string? SecretId { get; set; }

    public string? SecretString { get; set; }

    public string? ClientRequestToken { get; set; }

    internal override string Operation => "PutSecretValue";

    internal override void Write(Utf8JsonWriter json)
    {
        Write(json, "SecretId", SecretId);
        Write(json, "SecretString", SecretString);
        Write(json, "ClientRequestToken", ClientRequestToken);
    }
}

internal sealed class PutSecretValueResponse : SecretsManagerResponse
{
    public string? VersionId { get; private set; }

    internal override void Read(JsonElement json) => VersionId = json.Text("VersionId");
}
