using System.Text.Json;
using System.Text.Json.Serialization;

namespace HyperConn.Cluster.Serialization;

/// <summary>A tenant as an array of service and organisation.</summary>
internal sealed class TenantKeyConverter : JsonConverter<TenantKey>
{
    public override TenantKey Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var parts = Pair.Read(ref reader);
        return TenantKey.TryCreate(parts.First, parts.Second, out var key) ? key : throw new JsonException("A tenant is an array of service and organisation.");
    }

    public override void Write(Utf8JsonWriter writer, TenantKey value, JsonSerializerOptions options) => Pair.Write(writer, value.Service, value.Org);
}

/// <summary>A target as an object with one name: <c>tenant</c>, <c>server</c> or <c>all</c>.</summary>
internal sealed class OperatorTargetConverter : JsonConverter<OperatorTarget>
{
    public override OperatorTarget Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var name = OneName.Begin(ref reader);
        OperatorTarget target = name switch
        {
            "tenant" => new OperatorTarget.Tenant(new TenantKeyConverter().Read(ref reader, typeof(TenantKey), options)),
            "server" => new OperatorTarget.Server(new ServerEndpointConverter().Read(ref reader, typeof(ServerEndpoint), options)),
            "all" => OperatorTarget.Everything,
            _ => throw new JsonException($"There is no target '{name}' in this version."),
        };
        OneName.End(ref reader);
        return target;
    }

    public override void Write(Utf8JsonWriter writer, OperatorTarget value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        switch (value)
        {
            case OperatorTarget.Tenant tenant:
                writer.WritePropertyName("tenant");
                new TenantKeyConverter().Write(writer, tenant.Key, options);
                break;
            case OperatorTarget.Server server:
                writer.WritePropertyName("server");
                new ServerEndpointConverter().Write(writer, server.Endpoint, options);
                break;
            default:
                writer.WriteBoolean("all", true);
                break;
        }

        writer.WriteEndObject();
    }
}

/// <summary>A circuit's scope as an object with one name: <c>server</c> or <c>store</c>.</summary>
internal sealed class CircuitScopeConverter : JsonConverter<CircuitScope>
{
    public override CircuitScope Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var name = OneName.Begin(ref reader);
        var scope = name switch
        {
            "server" => new CircuitScope.Server(new ServerEndpointConverter().Read(ref reader, typeof(ServerEndpoint), options)),
            "store" => CircuitScope.Store,
            _ => throw new JsonException($"There is no scope '{name}' in this version."),
        };
        OneName.End(ref reader);
        return scope;
    }

    public override void Write(Utf8JsonWriter writer, CircuitScope value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        if (value is CircuitScope.Server server)
        {
            writer.WritePropertyName("server");
            new ServerEndpointConverter().Write(writer, server.Endpoint, options);
        }
        else
        {
            writer.WriteBoolean("store", true);
        }

        writer.WriteEndObject();
    }
}

/// <summary>Counts by name. Names that this version does not know are left out.</summary>
internal abstract class CountsConverter<TReason> : JsonConverter<IReadOnlyDictionary<TReason, long>>
    where TReason : struct, Enum
{
    public override IReadOnlyDictionary<TReason, long> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("Counts are an object.");
        var counts = new Dictionary<TReason, long>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            if (Enum.TryParse<TReason>(name, out var reason) && Enum.IsDefined(reason))
                counts[reason] = reader.GetInt64();
            else
                reader.Skip();
        }

        return counts;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<TReason, long> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (reason, count) in value)
            writer.WriteNumber(reason.ToString(), count);
        writer.WriteEndObject();
    }
}

/// <summary>Evictions by reason.</summary>
internal sealed class EvictionsConverter : CountsConverter<EvictionReason>;

/// <summary>Evictions that were due and not made, by reason.</summary>
internal sealed class SkippedEvictionsConverter : CountsConverter<EvictionSkipReason>;

/// <summary>An array of two texts.</summary>
internal static class Pair
{
    public static (string First, string Second) Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray
            || !reader.Read() || reader.GetString() is not { } first
            || !reader.Read() || reader.GetString() is not { } second
            || !reader.Read() || reader.TokenType != JsonTokenType.EndArray)
        {
            throw new JsonException("An array of two texts is expected.");
        }

        return (first, second);
    }

    public static void Write(Utf8JsonWriter writer, string first, string second)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(first);
        writer.WriteStringValue(second);
        writer.WriteEndArray();
    }
}

/// <summary>An object with one name, which says what its value is.</summary>
internal static class OneName
{
    /// <summary>Goes to the value.</summary>
    public static string? Begin(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName)
            throw new JsonException("An object with one name is expected.");
        var name = reader.GetString();
        reader.Read();
        return name;
    }

    public static void End(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndObject)
            throw new JsonException("An object with one name is expected.");
    }
}
