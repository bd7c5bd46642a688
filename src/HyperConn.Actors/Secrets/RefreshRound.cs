using Akka.Actor;

namespace HyperConn.Secrets;

/// <summary>How far a refresh of every cached secret has come.</summary>
internal sealed class RefreshRound(IActorRef replyTo, int secrets)
{
    public IActorRef ReplyTo { get; } = replyTo;

    public int Secrets { get; } = secrets;

    public int Left { get; set; } = secrets;

    public int Changed { get; set; }

    public int Failed { get; set; }

    public int StoreCalls { get; set; }
}
