using Akka.Actor;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>An actor's mailbox, emptied by a thread of the scenario.</summary>
internal sealed class Mailbox : MinimalActorRef
{
    private readonly Queue<object> _messages = new();

    public override ActorPath Path { get; } = new RootActorPath(new Address("akka", "test")) / "mailbox";

    public override IActorRefProvider Provider => throw new NotSupportedException();

    /// <summary>Whatever has come, read or not.</summary>
    public List<object> All { get; } = [];

    public bool IsEmpty => _messages.Count == 0;

    public object Take() => _messages.Dequeue();

    public int Count<T>() => All.OfType<T>().Count();

    protected override void TellInternal(object message, IActorRef sender)
    {
        _messages.Enqueue(message);
        All.Add(message);
    }
}
