using Akka.Actor;

namespace HyperConn.Secrets;

/// <summary>Somebody who gets an answer when a fetch ends.</summary>
internal abstract record FetchWaiter
{
    internal sealed record Lookup(IActorRef ReplyTo, TenantKey Tenant) : FetchWaiter;

    internal sealed record Refresh(IActorRef ReplyTo) : FetchWaiter;

    internal sealed record Round(RefreshRound Progress) : FetchWaiter;
}
