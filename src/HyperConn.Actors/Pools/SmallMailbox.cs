using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace HyperConn.Pools;

/// <summary>The mailbox of a tenant's pool: Akka's own keeps 1 KB in each, whether there are messages or not.</summary>
internal sealed class SmallMailbox(Settings settings, Config config) : MailboxType(settings, config), IProducesMessageQueue<SmallMailbox.Messages>
{
    /// <summary>Its name in the settings.</summary>
    public const string Id = "hyperconn-pool-mailbox";

    /// <summary>What Akka must be told of it.</summary>
    public static new Config Settings { get; } = ConfigurationFactory.ParseString(
        $"{Id}.mailbox-type = \"{typeof(SmallMailbox).FullName}, {typeof(SmallMailbox).Assembly.GetName().Name}\"");

    /// <inheritdoc/>
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new Messages();

    /// <summary>Many write, one at a time reads. A chain whose first link was read already: what comes next hangs on it.</summary>
    internal sealed class Messages : IMessageQueue, IUnboundedMessageQueueSemantics
    {
        private Link _first = new(default);
        private Link _last;

        public Messages() => _last = _first;

        /// <inheritdoc/>
        public bool HasMessages => Volatile.Read(ref Volatile.Read(ref _first).Next) is not null;

        /// <inheritdoc/>
        public int Count
        {
            get
            {
                var count = 0;
                for (var link = Volatile.Read(ref Volatile.Read(ref _first).Next); link is not null; link = Volatile.Read(ref link.Next))
                    count++;
                return count;
            }
        }

        /// <inheritdoc/>
        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            var link = new Link(envelope);

            // Until the second step the link is not seen, nor any after it. Akka looks again when this returns.
            Volatile.Write(ref Interlocked.Exchange(ref _last, link).Next, link);
        }

        /// <inheritdoc/>
        public bool TryDequeue(out Envelope envelope)
        {
            if (Volatile.Read(ref _first.Next) is not { } next)
            {
                envelope = default;
                return false;
            }

            envelope = next.Envelope;
            next.Envelope = default;
            Volatile.Write(ref _first, next);
            return true;
        }

        /// <inheritdoc/>
        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
            while (TryDequeue(out var envelope))
                deadletters.Enqueue(owner, envelope);
        }

        private sealed class Link(Envelope envelope)
        {
            public Envelope Envelope = envelope;
            public Link? Next;
        }
    }
}
