using System.Runtime.Serialization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Akka.Actor;
using Akka.Serialization;
using HyperConn.Cluster.Sharding.Messages;

namespace HyperConn.Cluster.Serialization;

/// <summary>
/// Tenants' events and their answers on the wire: JSON, each kind under a name with a version. Fields that one version doesn't know are left out by
/// it.
/// </summary>
internal sealed class TenantShardSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Akka's number for this serializer; the same in every version.</summary>
    public const int Number = 74_311;

    // An event's data is JSON, full of quotation marks, which the default encoder makes six bytes each. No browser reads this.
    private static readonly ShardJson Json = new(new JsonSerializerOptions(ShardJson.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    private static readonly Dictionary<string, JsonTypeInfo> ByManifest = new(StringComparer.Ordinal)
    {
        ["event-1"] = Json.SendEvent,
        ["underway-1"] = Json.EventUnderWay,
        ["notbegun-1"] = Json.EventNotBegun,
        ["ended-1"] = Json.EventEnded,
        ["failed-1"] = Json.EventFailed,
    };

    private static readonly Dictionary<Type, string> Manifests = ByManifest.ToDictionary(pair => pair.Value.Type, pair => pair.Key);

    public override int Identifier => Number;

    public override string Manifest(object o) => Manifests.TryGetValue(o.GetType(), out var manifest)
        ? manifest
        : throw new SerializationException($"{o.GetType().Name} is no message of tenants' shards.");

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, ByManifest[Manifest(obj)]);

    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (!ByManifest.TryGetValue(manifest, out var type))
            throw new SerializationException($"A message of tenants' shards of the kind '{manifest}' is from another version.");
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new SerializationException($"A message of the kind '{manifest}' is empty.");
        }
        catch (JsonException)
        {
            // What the fault says may quote the event.
            throw new SerializationException($"A message of the kind '{manifest}' can't be read.");
        }
    }
}

/// <summary>How the messages look in JSON.</summary>
[JsonSourceGenerationOptions(
    Converters = [typeof(TenantKeyConverter)], UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SendEvent))]
[JsonSerializable(typeof(EventUnderWay))]
[JsonSerializable(typeof(EventNotBegun))]
[JsonSerializable(typeof(EventEnded))]
[JsonSerializable(typeof(EventFailed))]
internal sealed partial class ShardJson : JsonSerializerContext;
