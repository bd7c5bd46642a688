using Akka.Actor;

namespace HyperConn.Cluster.Sharding;

/// <summary>One attempt of one sender.</summary>
/// <param name="Sender">Who sent it and waits for the answer.</param>
/// <param name="Number">Its number there.</param>
internal readonly record struct AttemptKey(IActorRef Sender, long Number);
