using System.Collections.Concurrent;
using Akka.Actor;

namespace HyperConn.Tests;

/// <summary>An actor that keeps what it is told, and answers nothing.</summary>
internal sealed class HeardRef : MinimalActorRef
{
    private readonly ConcurrentQueue<object> _heard = new();

    public override ActorPath Path { get; } = new RootActorPath(new Address("akka", "test")) / "heard";

    public override IActorRefProvider Provider => throw new NotSupportedException();

    public int CountOf<T>() => _heard.OfType<T>().Count();

    protected override void TellInternal(object message, IActorRef sender) => _heard.Enqueue(message);
}
