using Akka.Actor;
using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Events;

namespace HyperConn.Cluster.Sharding;

/// <summary>Refuses what Akka.Remote would drop without a word to the sender. Where the tenant happens to be makes no difference.</summary>
internal sealed class FrameLimit(ActorSystem system)
{
    private const string Setting = "akka.remote.dot-netty.tcp.maximum-frame-size";

    // Addresses of both sides, and what the transport adds.
    private const int Overhead = 4 << 10;

    // Most bytes that a character takes on the wire.
    private const int BytesPerChar = 6;

    private readonly long _bytes = (system.Settings.Config.GetByteSize(Setting, null) ?? 128_000) - Overhead;

    /// <exception cref="EventRejectedException">It is too large.</exception>
    public void Check(SendEvent message)
    {
        var chars = message.Data.Length + message.Id.Length + message.Type.Length + message.Place.Length;
        if ((long)chars * BytesPerChar <= _bytes)
            return;
        var size = system.Serialization.FindSerializerFor(message).ToBinary(message).Length;
        if (size > _bytes)
        {
            throw new EventRejectedException(
                "EventTooLarge", $"The event takes {size} bytes in a message, and {_bytes} fit. {Setting} sets how many, the same on all nodes.");
        }
    }
}
