using System.Text.Json.Serialization;
using HyperConn.Cluster.Operating;

namespace HyperConn.Cluster.Serialization;

/// <summary>How the desks' messages look in JSON. What is null is left out: a page of tenants has many fields and few values.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters =
    [
        typeof(ServerEndpointConverter), typeof(TenantKeyConverter), typeof(OperatorTargetConverter), typeof(CircuitScopeConverter),
        typeof(EvictionsConverter), typeof(SkippedEvictionsConverter),
    ])]
[JsonSerializable(typeof(AskReport))]
[JsonSerializable(typeof(NodeReported))]
[JsonSerializable(typeof(AskStatistics))]
[JsonSerializable(typeof(StatisticsTaken))]
[JsonSerializable(typeof(AskTenants))]
[JsonSerializable(typeof(TenantsPage))]
[JsonSerializable(typeof(CarryOut))]
[JsonSerializable(typeof(CarriedOut))]
[JsonSerializable(typeof(CantAnswer))]
internal sealed partial class DeskJson : JsonSerializerContext;
