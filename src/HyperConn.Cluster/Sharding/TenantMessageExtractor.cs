using Akka.Cluster.Sharding;
using HyperConn.Cluster.Sharding.Messages;

namespace HyperConn.Cluster.Sharding;

/// <summary>Says which tenant a message is for, and in which shard that is.</summary>
internal sealed class TenantMessageExtractor(int shards) : IMessageExtractor
{
    public string? EntityId(object message) => message is SendEvent send ? TenantEntityId.Of(send.Tenant) : null;

    public object? EntityMessage(object message) => message;

    public string? ShardId(object message) => EntityId(message) is { } id ? ShardId(id, message) : null;

    public string ShardId(string entityId, object? messageHint = null) => TenantEntityId.ShardOf(entityId, shards);
}
