using Akka.Actor;

namespace HyperConn.Cluster.Sharding;

/// <summary>The way from this node to the tenants'.</summary>
/// <param name="Sender">The actor that sends.</param>
/// <param name="Sent">What it has sent.</param>
/// <param name="Limit">What fits into a message.</param>
internal sealed record ShardLine(IActorRef Sender, SentEvents Sent, FrameLimit Limit);
