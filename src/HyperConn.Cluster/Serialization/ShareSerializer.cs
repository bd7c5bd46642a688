using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Akka.Actor;
using Akka.Serialization;
using HyperConn.Cluster.Nodes;
using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Serialization;

/// <summary>
/// The cluster's messages on the wire: JSON, each kind under a name with a version. Fields that one version doesn't know are left out by it, so
/// that nodes of two versions can share during a rolling upgrade.
/// </summary>
internal sealed class ShareSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Akka's number for this serializer; the same in every version.</summary>
    public const int Number = 74_310;

    private static readonly Dictionary<string, JsonTypeInfo> ByManifest = new(StringComparer.Ordinal)
    {
        ["report-1"] = ShareJson.Default.ShareReport,
        ["answer-1"] = ShareJson.Default.ShareAnswer,
        ["ended-1"] = ShareJson.Default.CoordinatorEnded,
        ["count-1"] = ShareJson.Default.CountSessions,
        ["counted-1"] = ShareJson.Default.SessionsCounted,
        ["uncounted-1"] = ShareJson.Default.SessionsNotCounted,
        ["secrets-1"] = ShareJson.Default.SecretVersionsSeen,
        ["status-1"] = ShareJson.Default.GetCoordinatorStatus,
        ["stands-1"] = ShareJson.Default.CoordinatorStatus,
        ["ask-report-1"] = DeskJson.Default.AskReport,
        ["reported-1"] = DeskJson.Default.NodeReported,
        ["ask-statistics-1"] = DeskJson.Default.AskStatistics,
        ["statistics-1"] = DeskJson.Default.StatisticsTaken,
        ["ask-tenants-1"] = DeskJson.Default.AskTenants,
        ["tenants-1"] = DeskJson.Default.TenantsPage,
        ["command-1"] = DeskJson.Default.CarryOut,
        ["done-1"] = DeskJson.Default.CarriedOut,
        ["cant-1"] = DeskJson.Default.CantAnswer,
    };

    private static readonly Dictionary<Type, string> Manifests = ByManifest.ToDictionary(pair => pair.Value.Type, pair => pair.Key);

    public override int Identifier => Number;

    public override string Manifest(object o) => Manifests.TryGetValue(o.GetType(), out var manifest)
        ? manifest
        : throw new SerializationException($"{o.GetType().Name} is no message of HyperConn's cluster.");

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, ByManifest[Manifest(obj)]);

    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (!ByManifest.TryGetValue(manifest, out var type))
            throw new SerializationException($"A message of HyperConn's cluster of the kind '{manifest}' is from another version.");
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new SerializationException($"A message of the kind '{manifest}' is empty.");
        }
        catch (JsonException fault)
        {
            throw new SerializationException($"A message of the kind '{manifest}' can't be read.", fault);
        }
    }
}

/// <summary>How the messages look in JSON.</summary>
[JsonSourceGenerationOptions(
    Converters = [typeof(ServerEndpointConverter)], RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ShareReport))]
[JsonSerializable(typeof(ShareAnswer))]
[JsonSerializable(typeof(CoordinatorEnded))]
[JsonSerializable(typeof(CountSessions))]
[JsonSerializable(typeof(SessionsNotCounted))]
[JsonSerializable(typeof(SessionsCounted))]
[JsonSerializable(typeof(SecretVersionsSeen))]
[JsonSerializable(typeof(GetCoordinatorStatus))]
[JsonSerializable(typeof(CoordinatorStatus))]
internal sealed partial class ShareJson : JsonSerializerContext;

/// <summary>A server as an array of host and port.</summary>
internal sealed class ServerEndpointConverter : JsonConverter<ServerEndpoint>
{
    public override ServerEndpoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || reader.GetString() is not { } host || !reader.Read())
            throw new JsonException("A server is an array of host and port.");
        var port = reader.GetInt32();
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
            throw new JsonException("A server is an array of host and port.");
        return new ServerEndpoint(host, port);
    }

    public override void Write(Utf8JsonWriter writer, ServerEndpoint value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(value.Host);
        writer.WriteNumberValue(value.Port);
        writer.WriteEndArray();
    }
}
